// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "bpflink/features.hpp"
#include "bpflink/kinds.hpp"

// Which programs the kernel takes where: facts that explanations need and attaching does not.
namespace bpflink::hooks {

// The program types that the kernel takes for an attach type; empty where that is not written down here.
[[nodiscard]] std::span<const program_type> programs_of(attach_type where) noexcept;
// The same for a link of this kind; `place` is the attach type for kinds that have several.
[[nodiscard]] std::span<const program_type> programs_of(link_type kind, std::uint32_t place) noexcept;
// The attach types that programs of this type can be loaded for.
[[nodiscard]] std::span<const attach_type> attach_types_of(program_type type) noexcept;
// The first version of Linux that has the hook, for hooks of cgroups, maps and sockets; nothing for others, which are
// features by themselves.
[[nodiscard]] std::optional<kernel_version> since(attach_type where) noexcept;
// Whether programs of this type are for cgroups alone.
[[nodiscard]] constexpr bool is_of_cgroups(program_type type) noexcept {
  switch (type) {
    case program_type::cgroup_skb:
    case program_type::cgroup_sock:
    case program_type::cgroup_sock_addr:
    case program_type::cgroup_device:
    case program_type::cgroup_sysctl:
    case program_type::cgroup_sockopt:
    case program_type::sock_ops:
      return true;
    default:
      return false;
  }
}
// The kind of link that BPF_LINK_CREATE makes; unspecified where that is not known.
[[nodiscard]] link_type link_of(attach_type where) noexcept;

}  // namespace bpflink::hooks
