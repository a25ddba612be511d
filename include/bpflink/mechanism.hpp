// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/detail/export.hpp"

namespace bpflink {

/// How an attachment is held. Only `link` can be pinned, asked for information and passed on as a descriptor that holds
/// it; the others are what older kernels have.
enum class mechanism : std::uint8_t {
  none,               ///< Nothing is held: an empty handle.
  link,               ///< A bpf_link.
  raw_tracepoint,     ///< The descriptor of BPF_RAW_TRACEPOINT_OPEN before Linux 5.7: closing it detaches.
  program_multi,      ///< BPF_PROG_ATTACH beside others (BPF_F_ALLOW_MULTI): outlives this process.
  program_override,   ///< BPF_PROG_ATTACH as the only one (BPF_F_ALLOW_OVERRIDE): outlives this process.
  program_exclusive,  ///< BPF_PROG_ATTACH without flags: outlives this process.
  netlink,            ///< A netlink request: outlives this process.
  perf_event,         ///< PERF_EVENT_IOC_SET_BPF: closing the event detaches.
  socket_option,      ///< setsockopt(2): goes with the socket.
  map_update,         ///< A map's value registers it (struct_ops): outlives this process.
};

/// The enumerator's name: "program_multi".
[[nodiscard]] BPFLINK_API std::string_view to_string(mechanism how) noexcept;

/// Which mechanisms an attach may use.
enum class mechanism_choice : std::uint8_t {
  best,       ///< The best that this kernel has; the handle says which.
  link_only,  ///< A bpf_link or nothing: where this kernel has none, the attach answers not_supported.
};

/// The enumerator's name: "link_only".
[[nodiscard]] BPFLINK_API std::string_view to_string(mechanism_choice choice) noexcept;

}  // namespace bpflink
