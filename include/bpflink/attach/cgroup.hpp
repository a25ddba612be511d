// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/link.hpp"
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
  /// Whether older mechanisms may serve where this kernel has no cgroup links.
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
/// @errors bad_handle: the program's or directory's descriptor is empty or closed. wrong_type: the program's type or
///         expected attach type is not the hook's. invalid_argument: the target is not a cgroup v2 directory.
///         not_found: no such path. defunct: the cgroup was removed. permission_denied: a program attached without
///         "multi" in this cgroup or one above allows no other (cause parent_forbids), or CAP_NET_ADMIN is missing
///         (ingress and egress only). limit: 64 programs are attached. not_supported: this kernel lacks the hook.
/// @since Linux 4.10; a link since 5.7
/// @kernel BPF_LINK_CREATE, BPF_PROG_ATTACH (kernel/bpf/cgroup.c)
[[nodiscard]] BPFLINK_API expected<cgroup_link> attach(const cgroup_options& options) noexcept;

}  // namespace bpflink
