// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpflink/attached.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/interface_target.hpp"
#include "bpflink/link.hpp"
#include "bpflink/position.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"

namespace bpflink {

/// Which end of a netkit pair a program belongs to, with the kernel's values (enum bpf_attach_type).
enum class netkit_hook : std::uint32_t {
  primary = 54,  ///< What the primary end sends to its peer. BPF_NETKIT_PRIMARY.
  peer = 55,     ///< What the peer sends to the primary end. BPF_NETKIT_PEER.
};

/// The enumerator's name: "primary".
[[nodiscard]] BPFLINK_API std::string_view to_string(netkit_hook hook) noexcept;

/// What to attach to a netkit pair.
struct netkit_options {
  interface_target interface;  ///< Required. The pair's primary end, for either hook; in any network namespace.
  required<netkit_hook> hook;  ///< Required. Whose packets.
  program_ref program;         ///< Required. A sched_cls program, which answers with NETKIT_* (the same as TCX_*).
  /// Where among the programs that are there; by default behind them.
  std::optional<bpflink::position> position = {};
  /// Attach only where the hook's revision, which query() tells, is this one.
  std::optional<revision> expected_revision = {};
};

/// Owns a program's attachment to a netkit pair. The pair can go away under it: then update() answers defunct.
using netkit_link = typed_link<link_type::netkit>;

/// Attaches a program to a netkit pair, in the order of those that are there. By a link: kernels have nothing else.
///
/// Both hooks are reached through the primary end's index, so that the peer, which is in the container, cannot touch
/// them.
///
/// @errors bad_handle: the program's descriptor, or that of the position's link or program, is empty or closed.
///         not_found: no interface has this index in this namespace; what the position is relative to is not attached
///         there (cause anchor_missing), or no object has its id (no_such_id). invalid_argument: the interface is the
///         peer of a pair or no netkit device (cause not_a_netkit); no such hook; a position relative to descriptor 0,
///         revision 0. already_exists: this program is attached there already. conflict: the hook's revision is another
///         (stale_revision). limit: 63 programs are attached. wrong_type: the program is not of type sched_cls, or what
///         the position names is no program or link. A namespace that the interface is in and that cannot be entered:
///         bad_handle, not_found, invalid_argument (no network namespace), permission_denied, limit (no thread can be
///         made). not_supported: Linux older than 6.7 (missing_feature), or built without netkit
///         (missing_configuration); the position is relative to a handle that is no link (no_such_operation).
/// @since Linux 6.7
/// @kernel BPF_LINK_CREATE with BPF_NETKIT_PRIMARY, BPF_NETKIT_PEER (drivers/net/netkit.c)
[[nodiscard]] BPFLINK_API expected<netkit_link> attach(const netkit_options& options) noexcept;

/// A hook of a netkit pair.
struct netkit_query {
  interface_target interface;  ///< Required. The pair's primary end, for either hook; in any network namespace.
  required<netkit_hook> hook;  ///< Required. Whose packets.
};

/// What is attached there, in the order in which it runs, with links and revision.
///
/// @errors not_found: no interface has this index in this namespace. invalid_argument: the interface is the peer of a
///         pair or no netkit device (cause not_a_netkit); no such hook. permission_denied: CAP_NET_ADMIN is missing.
///         not_supported, and a namespace that cannot be entered: as attach().
/// @since Linux 6.7
/// @kernel BPF_PROG_QUERY (drivers/net/netkit.c)
[[nodiscard]] BPFLINK_API expected<attached_programs> query(const netkit_query& asked) noexcept;

}  // namespace bpflink
