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
#include "bpflink/mechanism.hpp"
#include "bpflink/position.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"

namespace bpflink {

/// Which packets of an interface a program sees at tc, with the kernel's values (enum bpf_attach_type).
enum class tcx_hook : std::uint32_t {
  ingress = 46,  ///< Those that the interface receives. BPF_TCX_INGRESS.
  egress = 47,   ///< Those that it sends. BPF_TCX_EGRESS.
};

/// The enumerator's name: "ingress".
[[nodiscard]] BPFLINK_API std::string_view to_string(tcx_hook hook) noexcept;

/// The filter that stands in for a link before Linux 6.6. Links do not look at it.
struct tcx_filter {
  /// The filter's place among the others: 1 to 65535, the lowest runs first. By default the kernel puts it before all
  /// that are there.
  std::optional<std::uint16_t> priority = {};
  /// Its number within its priority: 1 or more. By default the kernel's choice.
  std::optional<std::uint32_t> handle = {};
};

/// What to attach to an interface at tc.
struct tcx_options {
  interface_target interface;  ///< Required. An interface, of any network namespace.
  required<tcx_hook> hook;     ///< Required. Received or sent packets.
  program_ref program;         ///< Required. A sched_cls program, which answers with TCX_* (the same as TC_ACT_*).
  /// Where among the programs that are there; by default behind them. Needs a link.
  std::optional<bpflink::position> position = {};
  /// Attach only where the hook's revision, which query() tells, is this one. Needs a link.
  std::optional<revision> expected_revision = {};
  /// Where the filter goes, where the kernel has no links for it.
  tcx_filter filter = {};
  /// Whether a filter may serve where this kernel has no tcx links.
  mechanism_choice mechanism = mechanism_choice::best;
};

/// Owns a program's attachment to an interface at tc. The interface can go away under it: then update() answers
/// defunct.
using tcx_link = typed_link<link_type::tcx>;

/// Attaches a program to an interface at tc, in the order of those that are there.
///
/// The program runs for packets that come after this returns, before every tc filter. Mechanisms, the best that this
/// kernel has: a link (Linux 6.6); else a direct-action filter of the clsact qdisc (4.5), which is made where there is
/// none. The filter stays attached where this process dies. Closing takes away exactly our filter, as long as our
/// program is in it, and with it the qdisc if this attach made it and no filter is left in it. The kernel cannot
/// compare and change filters in one step: what others do to this very filter, or the last qdisc, between two requests
/// of ours can be lost (docs/hooks/tcx.md). The handle holds a socket of the interface's namespace, so that closing it
/// does the right thing on any thread.
///
/// @errors bad_handle: the program's descriptor, or that of the position's link or program, is empty or closed.
///         not_found: no interface has this index in this namespace; what the position is relative to is not attached
///         there (cause anchor_missing), or no object has its id (no_such_id). already_exists: this program is attached
///         there already (already_attached). conflict: the hook's revision is another (stale_revision). limit: 63
///         programs are attached. wrong_type: the program is not of type sched_cls, or what the position names is no
///         program or link. invalid_argument: no such hook, a filter's number is 0, a position relative to descriptor
///         0, revision 0. busy: filters only: another one has this priority and handle, the priority belongs to another
///         kind of filter, or an ingress qdisc is where clsact would have to be (slot_taken). A namespace that the
///         interface is in and that cannot be entered: bad_handle, not_found, invalid_argument (no network namespace),
///         permission_denied, limit (no thread can be made). not_supported: this kernel lacks links and one was asked
///         for, by name or by a position or revision; the position is relative to a handle that is no link
///         (no_such_operation); this kernel was built without clsact or BPF filters (missing_configuration).
///         permission_denied: CAP_NET_ADMIN is missing (filters only).
/// @since Linux 4.5; a link since 6.6
/// @kernel BPF_LINK_CREATE with BPF_TCX_INGRESS, BPF_TCX_EGRESS (kernel/bpf/tcx.c); RTM_NEWTFILTER
/// (net/sched/cls_bpf.c)
[[nodiscard]] BPFLINK_API expected<tcx_link> attach(const tcx_options& options) noexcept;

/// A hook of an interface at tc.
struct tcx_query {
  interface_target interface;  ///< Required. An interface, of any network namespace.
  required<tcx_hook> hook;     ///< Required. Received or sent packets.
};

/// What is attached there by links and BPF_PROG_ATTACH, in the order in which it runs, with links and revision. Filters
/// are not among it.
///
/// @errors not_found: no interface has this index in this namespace. invalid_argument: no such hook. permission_denied:
///         CAP_NET_ADMIN is missing. not_supported: Linux older than 6.6. A namespace that cannot be entered: as
///         attach().
/// @since Linux 6.6
/// @kernel BPF_PROG_QUERY (kernel/bpf/tcx.c)
[[nodiscard]] BPFLINK_API expected<attached_programs> query(const tcx_query& asked) noexcept;

}  // namespace bpflink
