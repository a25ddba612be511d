// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

/// A network namespace: the calling thread's, that of a process, or one by the path or a descriptor of its file.
class netns_target {
 public:
  /// The namespace that the calling thread is in.
  [[nodiscard]] static constexpr netns_target current() noexcept { return {}; }
  /// The namespace of a process, or thread: /proc/PID/ns/net.
  netns_target(process_id process) noexcept : process_{process} {}
  /// By the path of its file: "/run/netns/blue"; it is opened for the length of the call.
  netns_target(const char* path) noexcept : netns_target{zstring_view{path}} {}
  /// By path.
  netns_target(zstring_view path) noexcept : path_{path} {}
  /// By path, in a string class.
  template <class String>
  requires requires(const String& string) { zstring_view{string.c_str()}; }
  netns_target(const String& path) noexcept : netns_target{zstring_view{path}} {}
  /// By a descriptor of its file, borrowed for the length of the call.
  netns_target(fd_ref file) noexcept : file_{file} {}
  /// By a descriptor of its file.
  netns_target(const unique_fd& file) noexcept : file_{fd_ref{file}} {}
  netns_target(unique_fd&&) = delete;
  netns_target(const unique_fd&&) = delete;

  /// Whether it is the calling thread's.
  [[nodiscard]] bool is_current() const noexcept { return !path_ && !file_ && !process_; }
  /// The path; nothing where it is named otherwise.
  [[nodiscard]] const std::optional<zstring_view>& path() const noexcept { return path_; }
  /// The descriptor; nothing where it is named otherwise.
  [[nodiscard]] const std::optional<fd_ref>& file() const noexcept { return file_; }
  /// The process; nothing where it is named otherwise.
  [[nodiscard]] const std::optional<process_id>& process() const noexcept { return process_; }

 private:
  constexpr netns_target() noexcept = default;

  std::optional<zstring_view> path_;
  std::optional<fd_ref> file_;
  std::optional<process_id> process_;
};

}  // namespace bpflink
