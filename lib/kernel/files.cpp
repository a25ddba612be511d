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

result<unique_fd> open(const char* path, int flags) noexcept {
  int raw = -1;
  do raw = ::open(path, flags | O_CLOEXEC);
  while (raw < 0 && errno == EINTR);
  if (raw < 0) return tl::unexpected(failure{operation::open, errno});
  return above_standard_streams(unique_fd::adopt(raw));
}

std::optional<file_status> status(const struct ::stat& file, const struct ::statfs& filesystem) noexcept {
  file_status result{};
  result.kind = S_ISDIR(file.st_mode)   ? file_kind::directory
                : S_ISREG(file.st_mode) ? file_kind::regular
                                        : file_kind::other;
  result.filesystem = static_cast<std::int64_t>(static_cast<std::uint32_t>(filesystem.f_type));
  result.inode = file.st_ino;
  result.links = file.st_nlink;
  return result;
}

}  // namespace

result<unique_fd> above_standard_streams(unique_fd descriptor) noexcept {
  if (descriptor.get() > last_standard_stream) return descriptor;
  return duplicate(descriptor.get());
}

result<unique_fd> duplicate(int descriptor) noexcept {
  const int raw = ::fcntl(descriptor, F_DUPFD_CLOEXEC, last_standard_stream + 1);
  if (raw < 0) return tl::unexpected(failure{operation::duplicate, errno});
  return unique_fd::adopt(raw);
}

result<void> close(unique_fd descriptor) noexcept {
  // Once only: Linux has freed the number even where it reports EINTR.
  if (::close(descriptor.release()) < 0 && errno != EINTR) return tl::unexpected(failure{operation::close, errno});
  return {};
}

result<unique_fd> open_directory(const char* path) noexcept { return open(path, O_RDONLY | O_DIRECTORY); }
result<unique_fd> open_read(const char* path) noexcept { return open(path, O_RDONLY); }
result<unique_fd> open_path(const char* path) noexcept { return open(path, O_PATH); }

result<std::size_t> read_some(int descriptor, std::span<std::byte> into) noexcept {
  ssize_t got = -1;
  do got = ::read(descriptor, into.data(), into.size());
  while (got < 0 && errno == EINTR);
  if (got < 0) return tl::unexpected(failure{operation::read, errno});
  return static_cast<std::size_t>(got);
}

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

result<void> unlink(const char* path) noexcept {
  if (::unlink(path) < 0) return tl::unexpected(failure{operation::unlink, errno});
  return {};
}

object_kind kind_of(int descriptor) noexcept {
  constexpr std::string_view prefix = "/proc/self/fd/";
  std::array<char, 40> path{};
  auto* const digits = std::copy(prefix.begin(), prefix.end(), path.data());
  std::to_chars(digits, path.data() + path.size() - 1, descriptor);

  std::array<char, 64> target{};
  const auto size = ::readlink(path.data(), target.data(), target.size());
  if (size < 0) {
    if (::fcntl(descriptor, F_GETFD) < 0) return object_kind::closed;
    return object_kind::unknown;
  }
  std::string_view name{target.data(), static_cast<std::size_t>(size)};
  constexpr std::string_view anonymous = "anon_inode:";
  if (!name.starts_with(anonymous)) return object_kind::other;
  name.remove_prefix(anonymous.size());
  if (name == "bpf_link" || name == "bpf-link") return object_kind::link;
  if (name == "bpf-prog") return object_kind::program;
  if (name == "bpf-map") return object_kind::map;
  if (name == "btf") return object_kind::btf;
  return object_kind::other;
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
