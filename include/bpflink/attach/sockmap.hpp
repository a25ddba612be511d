// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/attached.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/link.hpp"
#include "bpflink/map.hpp"
#include "bpflink/mechanism.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"

namespace bpflink {

/// Where a sockmap's or sockhash's programs run, for the sockets that are put into it, with the kernel's values (enum
/// bpf_attach_type). Each hook holds one program.
enum class sockmap_hook : std::uint32_t {
  stream_parser = 4,   ///< Finds the messages in what a socket receives: sk_skb programs that return a length, since
                       ///< Linux 4.14. BPF_SK_SKB_STREAM_PARSER.
  stream_verdict = 5,  ///< Passes, drops or redirects what a socket receives: sk_skb programs, since Linux 4.14.
                       ///< BPF_SK_SKB_STREAM_VERDICT.
  msg_verdict = 7,     ///< Passes, drops or redirects what a socket sends: sk_msg programs, since Linux 4.17.
                       ///< BPF_SK_MSG_VERDICT.
  skb_verdict = 38,    ///< As stream_verdict, also for UDP and Unix sockets, and not beside it: sk_skb programs, since
                       ///< Linux 5.13. BPF_SK_SKB_VERDICT.
};

/// The enumerator's name: "msg_verdict".
[[nodiscard]] BPFLINK_API std::string_view to_string(sockmap_hook hook) noexcept;

/// What becomes of a program that somebody has attached without a link. The kernel throws it out without a word, for a
/// link too.
enum class eviction : std::uint8_t {
  refused,  ///< It stays: the kernel is asked who is there before anything is attached.
  allowed,  ///< It goes, and nobody is asked.
};

/// The enumerator's name: "refused".
[[nodiscard]] BPFLINK_API std::string_view to_string(eviction what) noexcept;

/// What to attach to a sockmap or sockhash.
struct sockmap_options {
  map_ref map;                                              ///< Required. The sockmap or sockhash.
  required<sockmap_hook> hook;                              ///< Required. Where.
  program_ref program;                                      ///< Required. Of the type that the hook takes.
  bpflink::eviction eviction = bpflink::eviction::refused;  ///< Whether it may take a program's place.
  /// Whether BPF_PROG_ATTACH may serve where this kernel has no links to sockmaps.
  mechanism_choice mechanism = mechanism_choice::best;
};

/// Owns a program's attachment to a sockmap or sockhash, and keeps the map alive. A detached link answers defunct.
using sockmap_link = typed_link<link_type::sockmap>;

/// Attaches a program to a sockmap or sockhash.
///
/// The program runs for sockets that are put into the map after this returns. A socket keeps the programs that it got
/// when it was put in, through update(), detach() and close(), until it is taken out of the map: putting it in once
/// more does not refresh them.
///
/// Mechanisms, the best that this kernel has: a link (Linux 6.10); else BPF_PROG_ATTACH, which leaves the program
/// attached where this process dies. There closing detaches exactly ours (since 5.8; before, the kernel does not look
/// at whose program it detaches), and update() asks whether ours is still there, then replaces what is: somebody who
/// attaches in between is thrown out.
///
/// Where eviction is refused this costs a second system call, BPF_PROG_QUERY, which needs CAP_NET_ADMIN. Somebody who
/// attaches without a link between the two calls is thrown out all the same: the kernel has no call that does both.
/// Before Linux 5.18 it cannot be asked, and throws out who is there.
///
/// @errors bad_handle: the program's or map's descriptor is empty or closed. wrong_type: the program's type is not the
///         hook's; the map is no map (cause not_a_map), or of another type (wrong_map_type). busy: a link holds the
///         hook (cause slot_taken; the text names it); a program is there without a link, and would be thrown out
///         (would_evict); stream_verdict and skb_verdict exclude each other (slot_taken). already_exists: this program
///         is there already, without a link. invalid_argument: no such hook. permission_denied: who is there cannot be
///         asked without CAP_NET_ADMIN, where eviction is refused. not_supported: this kernel lacks the hook, or links
///         where only a link would do.
/// @since Linux 4.14; a link since 6.10
/// @kernel BPF_LINK_CREATE, BPF_PROG_ATTACH (net/core/sock_map.c)
[[nodiscard]] BPFLINK_API expected<sockmap_link> attach(const sockmap_options& options) noexcept;

/// A sockmap's or sockhash's hook, to be asked what is attached there.
struct sockmap_query {
  map_ref map;                  ///< Required. The sockmap or sockhash.
  required<sockmap_hook> hook;  ///< Required. Where.
};

/// What is attached at a map's hook: one program or none. Whether by a link the kernel does not tell.
///
/// @errors bad_handle: the map's descriptor is empty or closed. invalid_argument: no such hook. wrong_type: not a map,
///         or one of another type. busy: stream_verdict and skb_verdict exclude each other, and the other one is
///         attached. permission_denied: CAP_NET_ADMIN is missing. not_supported: before Linux 5.18.
/// @since Linux 5.18
/// @kernel BPF_PROG_QUERY (net/core/sock_map.c)
[[nodiscard]] BPFLINK_API expected<attached_programs> query(const sockmap_query& asked) noexcept;

}  // namespace bpflink
