// SPDX-License-Identifier: MIT
#include "explain/capability.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

std::optional<diagnosis> missing_capability(std::initializer_list<kernel::capability> needed,
                                            kernel::capability instead) noexcept {
  const auto effective = kernel::effective_capabilities();
  if (!effective || effective->has(instead)) return std::nullopt;
  text missing;
  int count = 0;
  for (const auto capability : needed) {
    if (effective->has(capability)) continue;
    missing.add("{}{}", missing.empty() ? "" : " and ", kernel::to_string(capability));
    ++count;
  }
  if (count == 0) return std::nullopt;
  missing.add("{}", count == 1 ? " is missing" : " are missing");
  if (std::find(needed.begin(), needed.end(), instead) == needed.end()) {
    missing.add(" ({} would do as well)", kernel::to_string(instead));
  }
  return diagnosis{errc::permission_denied, cause::missing_capability, missing, {}};
}

std::optional<diagnosis> closed_bpf_call() noexcept {
  auto missing = missing_capability({kernel::capability::bpf});
  if (!missing) return std::nullopt;
  std::array<char, 16> buffer{};
  const auto setting = kernel::read_file("/proc/sys/kernel/unprivileged_bpf_disabled", buffer);
  if (setting && setting->starts_with('0')) return std::nullopt;
  // Refused as no link's where the call is open.
  const auto any = kernel::link_detach({.link_fd = kernel::descriptor(-1)});
  if (any || any.error().number != EPERM) return std::nullopt;
  missing->reason.add(", without which bpf(2) is closed here");
  missing->hint.add("the sysctl kernel.unprivileged_bpf_disabled closes it to others, before Linux 5.19 altogether");
  return missing;
}

std::optional<diagnosis> capability_of_own_user_namespace() noexcept {
  // PROC_USER_INIT_INO: the first user namespace has the same inode on every machine.
  constexpr std::uint64_t initial = 0xeffffffdU;
  const auto own = kernel::status_of("/proc/self/ns/user");
  if (!own || own->inode == initial) return std::nullopt;
  return diagnosis{
      errc::permission_denied, cause::missing_capability,
      text{"this process has the capabilities in a user namespace of its own, and the kernel asks for them outside"},
      text{"run it outside of that user namespace"}};
}

}  // namespace bpflink::explain
