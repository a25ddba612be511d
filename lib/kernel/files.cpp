// SPDX-License-Identifier: MIT
#include "kernel/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace bpflink::kernel {

namespace {

inline constexpr unsigned rename_noreplace = 1;

result<unique_fd> open(const char* path, int flags, int directory = AT_FDCWD) noexcept {
  long answer = -1;
  do answer = call(SYS_openat, directory, path, flags | O_CLOEXEC | O_LARGEFILE);
  while (answer == -EINTR);
  return opened(operation::open, answer);
}

// The link in /proc, which says what a descriptor is open on.
std::optional<std::string_view> read_descriptor_link(int descriptor, std::span<char> into) noexcept {
  constexpr std::string_view prefix = "/proc/self/fd/";
  std::array<char, 40> path{};
  auto* const digits = std::copy(prefix.begin(), prefix.end(), path.data());
  std::to_chars(digits, path.data() + path.size() - 1, descriptor);
  const auto size = ::readlink(path.data(), into.data(), into.size());
  if (size < 0) return std::nullopt;
  return std::string_view{into.data(), static_cast<std::size_t>(size)};
}

bool is_open_for(int descriptor, int access) noexcept {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) == access;
}

std::optional<file_status> status(const struct ::stat& file, const struct ::statfs& filesystem) noexcept {
  file_status result{};
  result.kind = S_ISDIR(file.st_mode)   ? file_kind::directory
                : S_ISREG(file.st_mode) ? file_kind::regular
                                        : file_kind::other;
  result.filesystem = static_cast<std::int64_t>(static_cast<std::uint32_t>(filesystem.f_type));
  result.inode = file.st_ino;
  result.size = static_cast<std::uint64_t>(file.st_size);
  result.links = file.st_nlink;
  return result;
}

}  // namespace

result<unique_fd> failed_or_too_low(operation which, int answer) noexcept {
  if (answer < 0) return tl::unexpected(failure{which, -answer});
  return above_standard_streams(unique_fd::adopt(answer));
}

result<unique_fd> above_standard_streams(unique_fd descriptor) noexcept {
  if (descriptor.get() > last_standard_stream) return descriptor;
  return duplicate(descriptor.get());
}

result<unique_fd> duplicate(int descriptor) noexcept {
  const int raw = ::fcntl(descriptor, F_DUPFD_CLOEXEC, last_standard_stream + 1);
  if (raw < 0) return tl::unexpected(failure{operation::duplicate, errno});
  return unique_fd::adopt(raw);
}

result<unique_fd> open_directory(const char* path) noexcept { return open(path, O_RDONLY | O_DIRECTORY); }
result<unique_fd> open_read(const char* path) noexcept { return open(path, O_RDONLY); }
result<unique_fd> open_path(const char* path) noexcept { return open(path, O_PATH); }
result<unique_fd> open_parent(int directory) noexcept { return open("..", O_RDONLY | O_DIRECTORY, directory); }

result<std::string_view> read_file(const char* path, std::span<char> into) noexcept {
  const auto file = open_read(path);
  if (!file) return tl::unexpected(file.error());
  std::size_t size = 0;
  while (size < into.size()) {
    const auto got = read_some(file->get(), std::as_writable_bytes(into.subspan(size)));
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) break;
    size += *got;
  }
  return std::string_view{into.data(), size};
}

result<void> rename_exclusively(const char* from, const char* to) noexcept {
  if (::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, rename_noreplace) < 0) {
    return tl::unexpected(failure{operation::rename, errno});
  }
  return {};
}

object_kind kind_of(int descriptor) noexcept {
  std::array<char, 64> target{};
  auto name = read_descriptor_link(descriptor, target).value_or("");
  if (name.empty()) return is_closed(descriptor) ? object_kind::closed : object_kind::unknown;
  constexpr std::string_view anonymous = "anon_inode:";
  if (!name.starts_with(anonymous)) return object_kind::other;
  name.remove_prefix(anonymous.size());
  if (name == "bpf_link" || name == "bpf-link") return object_kind::link;
  if (name == "bpf-prog") return object_kind::program;
  if (name == "bpf-map") return object_kind::map;
  if (name == "btf") return object_kind::btf;
  return object_kind::other;
}

std::optional<std::string_view> name_of(int descriptor, std::span<char> into) noexcept {
  return read_descriptor_link(descriptor, into);
}

bool is_closed(int descriptor) noexcept { return ::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF; }

bool is_read_only(int descriptor) noexcept { return is_open_for(descriptor, O_RDONLY); }
bool is_write_only(int descriptor) noexcept { return is_open_for(descriptor, O_WRONLY); }

bool lacks_entry(int directory, const char* name) noexcept {
  struct ::stat ignored {};
  return ::fstatat(directory, name, &ignored, 0) < 0 && errno == ENOENT;
}

bool is_missing(const char* path) noexcept {
  struct ::stat ignored {};
  return ::stat(path, &ignored) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

std::optional<file_status> status_of(int descriptor) noexcept {
  struct ::stat file {};
  struct ::statfs filesystem {};
  if (::fstat(descriptor, &file) < 0 || ::fstatfs(descriptor, &filesystem) < 0) return std::nullopt;
  return status(file, filesystem);
}

std::optional<file_status> status_of(const char* path) noexcept {
  struct ::stat file {};
  struct ::statfs filesystem {};
  if (::stat(path, &file) < 0 || ::statfs(path, &filesystem) < 0) return std::nullopt;
  return status(file, filesystem);
}

}  // namespace bpflink::kernel
