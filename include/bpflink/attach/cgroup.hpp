// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpflink/attached.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/link.hpp"
#include "bpflink/position.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

/// Where in a cgroup a program runs, with the kernel's values (enum bpf_attach_type). Each names the program type that
/// it takes, and the first version of Linux that has it.
enum class cgroup_hook : std::uint32_t {
  inet_ingress = 0,  ///< Packets received by sockets of the cgroup: cgroup_skb programs, since Linux 4.10.
                     ///< BPF_CGROUP_INET_INGRESS.
  inet_egress =
      1,  ///< Packets sent by sockets of the cgroup: cgroup_skb programs, since Linux 4.10. BPF_CGROUP_INET_EGRESS.
  inet_sock_create = 2,  ///< socket(2): cgroup_sock programs, since Linux 4.10. BPF_CGROUP_INET_SOCK_CREATE.
  sock_ops = 3,    ///< Events in the life of TCP connections: sock_ops programs, since Linux 4.13. BPF_CGROUP_SOCK_OPS.
  device = 6,      ///< Opening or making device files: cgroup_device programs, since Linux 4.15. BPF_CGROUP_DEVICE.
  inet4_bind = 8,  ///< bind(2), IPv4: cgroup_sock_addr programs, since Linux 4.17. BPF_CGROUP_INET4_BIND.
  inet6_bind = 9,  ///< bind(2), IPv6: cgroup_sock_addr programs, since Linux 4.17. BPF_CGROUP_INET6_BIND.
  inet4_connect = 10,    ///< connect(2), IPv4: cgroup_sock_addr programs, since Linux 4.17. BPF_CGROUP_INET4_CONNECT.
  inet6_connect = 11,    ///< connect(2), IPv6: cgroup_sock_addr programs, since Linux 4.17. BPF_CGROUP_INET6_CONNECT.
  inet4_post_bind = 12,  ///< After bind(2), IPv4: cgroup_sock programs, since Linux 4.17. BPF_CGROUP_INET4_POST_BIND.
  inet6_post_bind = 13,  ///< After bind(2), IPv6: cgroup_sock programs, since Linux 4.17. BPF_CGROUP_INET6_POST_BIND.
  udp4_sendmsg =
      14,  ///< sendmsg(2) on UDP, IPv4: cgroup_sock_addr programs, since Linux 4.18. BPF_CGROUP_UDP4_SENDMSG.
  udp6_sendmsg =
      15,       ///< sendmsg(2) on UDP, IPv6: cgroup_sock_addr programs, since Linux 4.18. BPF_CGROUP_UDP6_SENDMSG.
  sysctl = 18,  ///< Reading and writing sysctl files: cgroup_sysctl programs, since Linux 5.2. BPF_CGROUP_SYSCTL.
  udp4_recvmsg = 19,  ///< recvmsg(2) on UDP, IPv4: cgroup_sock_addr programs, since Linux 5.2. BPF_CGROUP_UDP4_RECVMSG.
  udp6_recvmsg = 20,  ///< recvmsg(2) on UDP, IPv6: cgroup_sock_addr programs, since Linux 5.2. BPF_CGROUP_UDP6_RECVMSG.
  getsockopt = 21,    ///< getsockopt(2): cgroup_sockopt programs, since Linux 5.3. BPF_CGROUP_GETSOCKOPT.
  setsockopt = 22,    ///< setsockopt(2): cgroup_sockopt programs, since Linux 5.3. BPF_CGROUP_SETSOCKOPT.
  inet4_getpeername =
      29,  ///< getpeername(2), IPv4: cgroup_sock_addr programs, since Linux 5.8. BPF_CGROUP_INET4_GETPEERNAME.
  inet6_getpeername =
      30,  ///< getpeername(2), IPv6: cgroup_sock_addr programs, since Linux 5.8. BPF_CGROUP_INET6_GETPEERNAME.
  inet4_getsockname =
      31,  ///< getsockname(2), IPv4: cgroup_sock_addr programs, since Linux 5.8. BPF_CGROUP_INET4_GETSOCKNAME.
  inet6_getsockname =
      32,  ///< getsockname(2), IPv6: cgroup_sock_addr programs, since Linux 5.8. BPF_CGROUP_INET6_GETSOCKNAME.
  inet_sock_release =
      34,  ///< The last close of a socket: cgroup_sock programs, since Linux 5.9. BPF_CGROUP_INET_SOCK_RELEASE.
  unix_connect =
      49,  ///< connect(2) on Unix sockets: cgroup_sock_addr programs, since Linux 6.7. BPF_CGROUP_UNIX_CONNECT.
  unix_sendmsg =
      50,  ///< sendmsg(2) on Unix sockets: cgroup_sock_addr programs, since Linux 6.7. BPF_CGROUP_UNIX_SENDMSG.
  unix_recvmsg =
      51,  ///< recvmsg(2) on Unix sockets: cgroup_sock_addr programs, since Linux 6.7. BPF_CGROUP_UNIX_RECVMSG.
  unix_getpeername =
      52,  ///< getpeername(2) on Unix sockets: cgroup_sock_addr programs, since Linux 6.7. BPF_CGROUP_UNIX_GETPEERNAME.
  unix_getsockname =
      53,  ///< getsockname(2) on Unix sockets: cgroup_sock_addr programs, since Linux 6.7. BPF_CGROUP_UNIX_GETSOCKNAME.
};

/// The enumerator's name: "inet_egress".
[[nodiscard]] BPFLINK_API std::string_view to_string(cgroup_hook hook) noexcept;

/// A cgroup v2: the path of its directory, or a descriptor of it (O_PATH suffices).
class cgroup_target {
 public:
  /// By path; it is opened for the length of the call.
  cgroup_target(const char* path) noexcept : path_{path} {}
  /// By path.
  cgroup_target(zstring_view path) noexcept : path_{path} {}
  /// By path, in a string class.
  template <class String>
  requires requires(const String& string) { zstring_view{string.c_str()}; }
  cgroup_target(const String& path) noexcept : path_{path} {}
  /// By a descriptor of its directory, borrowed for the length of the call.
  cgroup_target(fd_ref directory) noexcept : directory_{directory} {}
  /// By a descriptor of its directory.
  cgroup_target(const unique_fd& directory) noexcept : directory_{directory} {}
  cgroup_target(unique_fd&&) = delete;
  cgroup_target(const unique_fd&&) = delete;

  /// The path; empty where it is by descriptor.
  [[nodiscard]] zstring_view path() const noexcept { return path_; }
  /// The descriptor; nothing where it is by path.
  [[nodiscard]] fd_ref directory() const noexcept { return directory_; }

 private:
  zstring_view path_;
  fd_ref directory_;
};

/// What to attach to a cgroup.
struct cgroup_options {
  cgroup_target cgroup;        ///< Required. The cgroup; the program runs for it and all below it.
  required<cgroup_hook> hook;  ///< Required. Where in it.
  program_ref program;         ///< Required. Of the type that the hook takes, loaded for it.
  /// Where among the programs of this cgroup's hook: behind all of them where nothing is said. A link is placed
  /// relative to other links; a program that one of them holds may be named in its stead. Since Linux 6.17, in some
  /// distributions earlier: probe(feature::cgroup_order) tells.
  std::optional<bpflink::position> position = {};
  /// Attach only where the hook's revision is still this one, as query() told it. As position.
  std::optional<revision> expected_revision = {};
  /// Run before the programs of the cgroups below, not behind them. These stand in an order of their own, from the
  /// root down. By link as position, without one since Linux 6.15 (BPF_F_PREORDER); probe(feature::cgroup_preorder).
  bool preorder = false;
  /// Whether older mechanisms may serve where this kernel has no cgroup links. They keep no position and no revision.
  mechanism_choice mechanism = mechanism_choice::best;
};

/// Owns a program's attachment to a cgroup. The target can be removed under it: then update() answers defunct.
using cgroup_link = typed_link<link_type::cgroup>;

/// Attaches a program to a cgroup, beside those that are there already.
///
/// The program runs for what happens after this returns. Mechanisms, the best that this kernel has: a link
/// (Linux 5.7); else BPF_PROG_ATTACH beside others (4.15), where update() replaces atomically (5.6; before, the new
/// program is attached before the old one is detached) and closing detaches exactly ours; else BPF_PROG_ATTACH as the
/// only program (4.10). The older ones leave the program attached where this process dies.
///
/// A position relative to a program costs more: the kernel wants its link named, which is looked for among all links of
/// the system (CAP_SYS_ADMIN), once the kernel has refused.
///
/// @errors bad_handle: the program's, the directory's or the position's handle is empty or closed. wrong_type: the
///         program's type or expected attach type is not the hook's; what the position names is no program or link.
///         invalid_argument: the target is not a cgroup v2 directory; the position is relative to a program of the
///         other order (preorder), or to descriptor 0; revision 0. not_found: no such path; what the position is
///         relative to is not attached there (cause anchor_missing), or no object has its id (no_such_id). ambiguous:
///         several links hold the program that the position is relative to. already_exists: without a link, this
///         program is attached there already. busy: before Linux 4.15, somebody's program is there alone. conflict: the
///         hook's revision is another. defunct: the cgroup was removed. permission_denied: a program attached without
///         "multi" in this cgroup or one above allows no other (cause parent_forbids); CAP_NET_ADMIN is missing
///         (ingress and egress, before Linux 5.8 every hook), before Linux 5.19 CAP_BPF, or CAP_SYS_ADMIN for a
///         position relative to a program; a directory of the path may not be searched (file_permission). limit: 64
///         programs are attached. not_supported: this kernel lacks the hook, or positions, revisions or preorder; the
///         position is relative to a program attached without a link.
/// @since Linux 4.10; a link since 5.7
/// @kernel BPF_LINK_CREATE, BPF_PROG_ATTACH (kernel/bpf/cgroup.c)
[[nodiscard]] BPFLINK_API expected<cgroup_link> attach(const cgroup_options& options) noexcept;

/// A hook of a cgroup to ask about.
struct cgroup_query {
  cgroup_target cgroup;                      ///< Required. The cgroup.
  required<cgroup_hook> hook;                ///< Required. Where in it.
  attached_view view = attached_view::here;  ///< Its own programs, or all that run for it.
};

/// Tells what is attached to a cgroup: the programs in their order (those of preorder are not told apart, and run
/// before the others), the hook's mode and revision. Links are not told. Nothing is allocated for up to 64 programs,
/// which is the kernel's limit but for the effective ones.
///
/// @errors bad_handle: the directory's descriptor is empty or closed. invalid_argument: it is no cgroup v2 directory.
///         not_found: no such path. defunct: the cgroup was removed. permission_denied: CAP_NET_ADMIN is missing.
///         not_supported: this kernel lacks queries, or the hook. system: no memory for more than 64 programs.
/// @since Linux 4.15; revision 6.17, in some distributions earlier
/// @kernel BPF_PROG_QUERY (kernel/bpf/cgroup.c)
[[nodiscard]] BPFLINK_API expected<attached_programs> query(const cgroup_query& asked) noexcept;

}  // namespace bpflink
