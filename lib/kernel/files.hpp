// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "bpflink/fd.hpp"
#include "kernel/call.hpp"
#include "kernel/result.hpp"

// Files and descriptors: what the layers above need of them, and no more.
namespace bpflink::kernel {

// Moves a descriptor that took the place of a standard stream: 0 means "no argument" in bpf attributes, and what is
// printed must not go into a program.
inline constexpr int last_standard_stream = 2;
[[nodiscard]] result<unique_fd> above_standard_streams(unique_fd descriptor) noexcept;

// What a call that opens has answered.
[[nodiscard]] result<unique_fd> failed_or_too_low(operation which, int answer) noexcept;
[[nodiscard]] inline result<unique_fd> opened(operation which, long answer) noexcept {
  const auto number = static_cast<int>(answer);
  if (number <= last_standard_stream) return failed_or_too_low(which, number);
  return unique_fd::adopt(number);
}

// This process's number.
[[nodiscard]] inline int own_process() noexcept { return ::getpid(); }

// A second descriptor of the same open file, close-on-exec.
[[nodiscard]] result<unique_fd> duplicate(int descriptor) noexcept;
// Both keep errno, and close once only: Linux has freed the number even where it reports EINTR.
inline void close_unheard(int descriptor) noexcept { static_cast<void>(call(SYS_close, descriptor)); }
[[nodiscard]] inline result<void> close(unique_fd descriptor) noexcept {
  const long answer = call(SYS_close, descriptor.release());
  if (answer < 0 && answer != -EINTR) return tl::unexpected(failure{operation::close, static_cast<int>(-answer)});
  return {};
}

// Open with close-on-exec. `open_path` takes no permission but to find it (O_PATH).
[[nodiscard]] result<unique_fd> open_directory(const char* path) noexcept;
[[nodiscard]] result<unique_fd> open_read(const char* path) noexcept;
[[nodiscard]] result<unique_fd> open_path(const char* path) noexcept;
[[nodiscard]] result<unique_fd> open_parent(int directory) noexcept;

// One read. Returns the bytes read, 0 at the end; or a negative errno, also EINTR.
[[nodiscard]] inline long try_read(int descriptor, std::span<std::byte> into) noexcept {
  return call(SYS_read, descriptor, into.data(), into.size());
}
// The same, retried when a signal came between.
[[nodiscard]] inline result<std::size_t> read_some(int descriptor, std::span<std::byte> into) noexcept {
  long got = -EINTR;
  while (got == -EINTR) got = try_read(descriptor, into);
  if (got < 0) return tl::unexpected(failure{operation::read, static_cast<int>(-got)});
  return static_cast<std::size_t>(got);
}
// The start of a small file, at most what fits.
[[nodiscard]] result<std::string_view> read_file(const char* path, std::span<char> into) noexcept;

// Renames without replacing.
[[nodiscard]] result<void> rename_exclusively(const char* from, const char* to) noexcept;
[[nodiscard]] inline result<void> unlink(const char* path) noexcept {
  const long answer = call(SYS_unlinkat, AT_FDCWD, path);
  if (answer < 0) return tl::unexpected(failure{operation::unlink, static_cast<int>(-answer)});
  return {};
}

// What a descriptor is open on, as /proc tells.
enum class object_kind : std::uint8_t {
  closed,  // no open descriptor
  link,
  program,
  map,
  btf,
  other,    // some other file
  unknown,  // /proc is not there
};
[[nodiscard]] object_kind kind_of(int descriptor) noexcept;
// What /proc calls it: a file's path, where it has one.
[[nodiscard]] std::optional<std::string_view> name_of(int descriptor, std::span<char> into) noexcept;
[[nodiscard]] bool is_closed(int descriptor) noexcept;
// What it was opened for, where it was not for both.
[[nodiscard]] bool is_read_only(int descriptor) noexcept;
[[nodiscard]] bool is_write_only(int descriptor) noexcept;
// A directory that is known to have no such entry. One that was removed has none, wherever one looks in it.
[[nodiscard]] bool lacks_entry(int directory, const char* name) noexcept;
// A path that is known to lead to nothing; false where that cannot be told.
[[nodiscard]] bool is_missing(const char* path) noexcept;

enum class file_kind : std::uint8_t { directory, regular, other };
struct file_status {
  file_kind kind;
  std::int64_t filesystem;  // statfs(2) f_type
  std::uint64_t inode;
  std::uint64_t size;   // bytes, of a regular file
  std::uint64_t links;  // directory entries that name it; 0 once it was removed
};
inline constexpr std::int64_t filesystem_bpf = 0xcafe4a11;
inline constexpr std::int64_t filesystem_cgroup2 = 0x63677270;
inline constexpr std::int64_t filesystem_cgroup1 = 0x27e0eb;
inline constexpr std::int64_t filesystem_nsfs = 0x6e736673;
inline constexpr std::int64_t filesystem_sockets = 0x534f434b;
[[nodiscard]] std::optional<file_status> status_of(int descriptor) noexcept;
[[nodiscard]] std::optional<file_status> status_of(const char* path) noexcept;

}  // namespace bpflink::kernel
