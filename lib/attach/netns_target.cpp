// SPDX-License-Identifier: MIT
#include "attach/netns_target.hpp"

#include <fmt/core.h>

#include <array>
#include <cerrno>

#include "explain/capability.hpp"
#include "explain/netns.hpp"
#include "explain/xdp.hpp"
#include "kernel/files.hpp"

namespace bpflink::hooks {

text describe(const netns_target& target) noexcept {
  if (const auto& path = target.path()) return text{"{}", path->view()};
  if (const auto& file = target.file()) return *file ? text{"descriptor {}", file->get()} : text{};
  if (const auto& process = target.process()) return text{"the network namespace of process {}", process->value()};
  return text{"this network namespace"};
}

text describe_from_outside(const netns_target& target) noexcept {
  const auto words = describe(target);
  if (!target.file() || words.empty()) return words;
  return text{"the network namespace of {}", words.view()};
}

text describe(const interface_target& target) noexcept {
  if (target.netns().is_current()) return explain::describe_interface(target.index().value());
  text words{"interface {}", target.index().value()};
  const auto netns = describe_from_outside(target.netns());
  if (!netns.empty()) words.add(" of {}", netns.view());
  return words;
}

bool is_empty(const netns_target& target) noexcept {
  const auto& file = target.file();
  const auto& path = target.path();
  return (file && !*file) || (path && path->empty());
}

kernel::result<unique_fd> open(const netns_target& target) noexcept {
  if (const auto& path = target.path()) return kernel::open_netns(path->c_str());
  const auto& process = target.process();
  if (!process) return kernel::open_own_netns();
  std::array<char, 32> path{};
  fmt::format_to_n(path.data(), path.size() - 1, "/proc/{}/ns/net", process->value());
  return kernel::open_netns(path.data());
}

diagnosis why_not_opened(const netns_target& target, kernel::failure failed) noexcept {
  const auto& process = target.process();
  if (failed.number == ENOENT && target.path()) {
    return {errc::not_found, cause::no_such_path, text{"no such path"}, {}};
  }
  if (failed.number == ENOENT && kernel::is_missing("/proc/self")) {
    return {errc::system, cause::no_such_path, text{"no /proc is mounted"}, {}};
  }
  if (failed.number == EACCES && target.path()) {
    return {errc::permission_denied,
            cause::file_permission,
            text{"the mode of the file, or of a directory, forbids it"},
            {}};
  }
  if (!process) return diagnose(failed);
  std::array<char, 32> directory{};
  fmt::format_to_n(directory.data(), directory.size() - 1, "/proc/{}", process->value());
  if (failed.number == ENOENT || failed.number == ESRCH) {
    const bool there = !kernel::is_missing(directory.data());
    return {errc::not_found,
            cause::no_such_process,
            there ? text{"the process has ended"} : text{"there is no such process"},
            {}};
  }
  if (failed.number == EACCES || failed.number == EPERM) {
    if (auto missing = explain::missing_capability({kernel::capability::sys_ptrace}, kernel::capability::sys_ptrace)) {
      return *missing;
    }
  }
  return diagnose(failed);
}

diagnosis why_not_entered(fd_ref netns, kernel::failure failed) noexcept {
  if (failed.call == operation::make_thread) {
    if (failed.number != EAGAIN) return diagnose(failed);
    return {errc::limit, cause::unknown,
            text{"no thread can be made to enter the namespace: a limit of threads, or of memory, is reached"},
            text{"RLIMIT_NPROC, the cgroup's pids.max, the sysctl kernel.threads-max"}};
  }
  if (auto wrong = explain::unfit_netns(netns)) return *wrong;
  if (failed.number == EPERM) {
    if (auto missing = explain::missing_capability({kernel::capability::sys_admin})) return *missing;
    return {errc::permission_denied,
            cause::missing_capability,
            text{"the namespace belongs to a user namespace in which CAP_SYS_ADMIN is missing"},
            {}};
  }
  return diagnose(failed);
}

std::optional<bpf_error> run_elsewhere(const netns_target& target, const attempt& what, void (*work)(void*),
                                       void* context) noexcept {
  if (is_empty(target)) return refuse_empty(what, "network namespace");
  const int kept = errno;
  unique_fd opened;
  fd_ref netns;
  if (const auto& file = target.file()) {
    netns = *file;
  } else {
    auto made = open(target);
    if (!made) return make_error(what, made.error(), why_not_opened(target, made.error()));
    opened = *std::move(made);
    netns = opened;
  }
  const auto entered = kernel::in_netns(netns.get(), [&] { work(context); });
  errno = kept;
  if (!entered) return make_error(what, entered.error(), why_not_entered(netns, entered.error()));
  return std::nullopt;
}

}  // namespace bpflink::hooks
