// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/attached.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/link.hpp"
#include "bpflink/netns_target.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"

namespace bpflink {

/// Where in a network namespace a program runs, with the kernel's values (enum bpf_attach_type).
enum class netns_hook : std::uint32_t {
  flow_dissector = 17,  ///< Taking packets' headers apart: flow_dissector programs, one in a namespace, since Linux
                        ///< 4.20. BPF_FLOW_DISSECTOR.
  sk_lookup = 36,       ///< Choosing the socket for a new connection or a datagram: sk_lookup programs, up to 64 in a
                        ///< namespace, since Linux 5.9. BPF_SK_LOOKUP.
};

/// The enumerator's name: "sk_lookup".
[[nodiscard]] BPFLINK_API std::string_view to_string(netns_hook hook) noexcept;

/// What to attach to a network namespace.
struct netns_options {
  netns_target netns = netns_target::current();  ///< The namespace.
  required<netns_hook> hook;                     ///< Required. Where in it.
  program_ref program;                           ///< Required. Of the type that the hook takes.
  /// Whether BPF_PROG_ATTACH may serve where this kernel has no links to network namespaces.
  mechanism_choice mechanism = mechanism_choice::best;
};

/// Owns a program's attachment to a network namespace. The namespace can end under it: then update() answers defunct.
using netns_link = typed_link<link_type::netns>;

/// Attaches a program to a network namespace.
///
/// Mechanisms, the best that this kernel has: a link (flow dissector: Linux 5.8, sk_lookup: 5.9); else, for a flow
/// dissector in the calling thread's own namespace, BPF_PROG_ATTACH. That leaves the program attached where this
/// process dies; closing detaches exactly ours, in the namespace where it is, also from a thread in another one.
/// Entering that needs CAP_SYS_ADMIN and happens on a thread of the library's.
///
/// @errors bad_handle: the program's or namespace's descriptor is empty or closed. wrong_type: the program's type is
///         not the hook's. invalid_argument: the target is no network namespace; no such hook. not_found: no such path
///         or process. limit: a flow dissector is attached by a link already (the text names it), or 64 sk_lookup
///         programs are. busy: a flow dissector is attached without a link, or in the initial namespace, which then
///         allows none in the others. already_exists: without a link, the same flow dissector is attached already.
///         permission_denied: the process's namespace may not be looked at (CAP_SYS_PTRACE); before Linux 5.19 also
///         CAP_BPF, before 5.8 CAP_NET_ADMIN. not_supported: this kernel lacks the hook, or links where the mechanism
///         or the target needs one.
/// @since Linux 4.20 (flow dissector), 5.9 (sk_lookup); a link since 5.8
/// @kernel BPF_LINK_CREATE, BPF_PROG_ATTACH (kernel/bpf/net_namespace.c)
[[nodiscard]] BPFLINK_API expected<netns_link> attach(const netns_options& options) noexcept;

/// A hook of a network namespace to ask about.
struct netns_query {
  netns_target netns = netns_target::current();  ///< The namespace.
  required<netns_hook> hook;                     ///< Required. Where in it.
};

/// Tells what is attached to a network namespace, in the order in which it runs. Links and revisions are not told.
///
/// @errors bad_handle: the namespace's handle is empty or closed. invalid_argument: it is no network namespace; no such
///         hook. not_found: no such path or process. permission_denied: CAP_NET_ADMIN is missing, or the process's
///         namespace may not be looked at (CAP_SYS_PTRACE). not_supported: this kernel lacks the hook, or does not tell
///         (of a flow dissector before Linux 5.2).
/// @since Linux 5.2 (flow dissector), 5.9 (sk_lookup)
/// @kernel BPF_PROG_QUERY (kernel/bpf/net_namespace.c)
[[nodiscard]] BPFLINK_API expected<attached_programs> query(const netns_query& asked) noexcept;

}  // namespace bpflink
