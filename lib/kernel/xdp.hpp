// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "kernel/netlink.hpp"

// What rtnetlink does with XDP programs (IFLA_XDP). Interfaces are those of the socket's network namespace.
namespace bpflink::kernel {

// XDP_FLAGS_*.
inline constexpr std::uint32_t xdp_if_none = 1U << 0;
inline constexpr std::uint32_t xdp_generic = 1U << 1;
inline constexpr std::uint32_t xdp_native = 1U << 2;
inline constexpr std::uint32_t xdp_offload = 1U << 3;
inline constexpr std::uint32_t xdp_replace = 1U << 4;  // Linux 5.7
inline constexpr std::uint32_t xdp_modes = xdp_generic | xdp_native | xdp_offload;

inline constexpr std::int32_t no_program = -1;

// Attaches a program to an interface, or, with no_program, detaches what is there.
[[nodiscard]] netlink_result<void> set_xdp(int socket, std::uint32_t interface, std::int32_t program,
                                           std::uint32_t flags) noexcept;
// The same where `expected` is attached now, or nothing is for no_program; EEXIST where another is. Since Linux 5.7.
[[nodiscard]] netlink_result<void> replace_xdp(int socket, std::uint32_t interface, std::int32_t program,
                                               std::int32_t expected, std::uint32_t flags) noexcept;
// Hands the kernel flags and no program: it looks at the flags, does nothing, and says EINVAL to those that it does
// not know.
[[nodiscard]] netlink_result<void> check_xdp_flags(int socket, std::uint32_t interface, std::uint32_t flags) noexcept;

// The ids of the programs attached to an interface; 0 for none.
struct xdp_state {
  std::uint32_t generic = 0;
  std::uint32_t native = 0;
  std::uint32_t offload = 0;
};
// The one that a request with this mode is about. Without a mode the driver decides between native and generic, and
// only one of them can be.
[[nodiscard]] constexpr std::uint32_t program_in(const xdp_state& state, std::uint32_t mode) noexcept {
  switch (mode) {
    case xdp_generic:
      return state.generic;
    case xdp_native:
      return state.native;
    case xdp_offload:
      return state.offload;
    default:
      return state.native != 0 ? state.native : state.generic;
  }
}
[[nodiscard]] netlink_result<xdp_state> query_xdp(int socket, std::uint32_t interface) noexcept;
// The interface that this one is a port of (bond, bridge); 0 for none.
[[nodiscard]] netlink_result<std::uint32_t> master_of(int socket, std::uint32_t interface) noexcept;

}  // namespace bpflink::kernel
