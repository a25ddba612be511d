// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/attach/raw_target.hpp"
#include "bpflink/attached.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/required.hpp"

namespace bpflink {

/// A hook to ask about, of any target.
struct raw_query {
  raw_target target;           ///< Required. A cgroup, a network namespace, a map, a device, an interface.
  required<attach_type> hook;  ///< Required. Where.
  attached_view view = attached_view::here;  ///< For cgroups: its own programs, or all that run for it.
};

/// Tells what is attached at a hook, in the order in which it runs: to cgroups (Linux 4.15), LIRC devices (4.18), flow
/// dissectors of network namespaces (5.2) and their sk_lookup programs (5.9), sockmaps and sockhashes (5.18), tcx
/// (6.6) and netkit (6.7). What XDP has of it, its own query tells.
///
/// @errors bad_handle: the descriptor is empty or closed. invalid_argument: the target is not what the hook takes, or
///         the effective programs are asked for where there are no cgroups. wrong_type: the map is of a type without
///         hooks. not_found: no interface has this index. defunct: the cgroup was removed. permission_denied:
///         CAP_NET_ADMIN is missing. not_supported: the kernel does not tell, or lacks the hook.
/// @since Linux 4.15
/// @kernel BPF_PROG_QUERY (kernel/bpf/syscall.c)
[[nodiscard]] BPFLINK_API expected<attached_programs> query(const raw_query& asked) noexcept;

}  // namespace bpflink
