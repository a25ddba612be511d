// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "bpflink/attach/cgroup.hpp"
#include "support/constants.hpp"
#include "support/kernel_version.hpp"

namespace bpflink {

/// A hook, and what the kernel says of it: written down apart from the library's own tables.
struct cgroup_hook_row {
  cgroup_hook hook;
  std::uint32_t number;
  const char* name;
  std::uint32_t program;
  test::kernel_version since;
  bool strict;  // takes only programs that were loaded for this very hook
};

namespace at = test::attach_type;
namespace of = test::prog_type;

inline constexpr std::array<cgroup_hook_row, 28> cgroup_hooks{{
    {cgroup_hook::inet_ingress, at::cgroup_inet_ingress, "inet_ingress", of::cgroup_skb, {4, 10}, false},
    {cgroup_hook::inet_egress, at::cgroup_inet_egress, "inet_egress", of::cgroup_skb, {4, 10}, false},
    {cgroup_hook::inet_sock_create, at::cgroup_inet_sock_create, "inet_sock_create", of::cgroup_sock, {4, 10}, true},
    {cgroup_hook::sock_ops, at::cgroup_sock_ops, "sock_ops", of::sock_ops, {4, 13}, false},
    {cgroup_hook::device, at::cgroup_device, "device", of::cgroup_device, {4, 15}, false},
    {cgroup_hook::inet4_bind, at::cgroup_inet4_bind, "inet4_bind", of::cgroup_sock_addr, {4, 17}, true},
    {cgroup_hook::inet6_bind, at::cgroup_inet6_bind, "inet6_bind", of::cgroup_sock_addr, {4, 17}, true},
    {cgroup_hook::inet4_connect, at::cgroup_inet4_connect, "inet4_connect", of::cgroup_sock_addr, {4, 17}, true},
    {cgroup_hook::inet6_connect, at::cgroup_inet6_connect, "inet6_connect", of::cgroup_sock_addr, {4, 17}, true},
    {cgroup_hook::inet4_post_bind, at::cgroup_inet4_post_bind, "inet4_post_bind", of::cgroup_sock, {4, 17}, true},
    {cgroup_hook::inet6_post_bind, at::cgroup_inet6_post_bind, "inet6_post_bind", of::cgroup_sock, {4, 17}, true},
    {cgroup_hook::udp4_sendmsg, at::cgroup_udp4_sendmsg, "udp4_sendmsg", of::cgroup_sock_addr, {4, 18}, true},
    {cgroup_hook::udp6_sendmsg, at::cgroup_udp6_sendmsg, "udp6_sendmsg", of::cgroup_sock_addr, {4, 18}, true},
    {cgroup_hook::sysctl, at::cgroup_sysctl, "sysctl", of::cgroup_sysctl, {5, 2}, false},
    {cgroup_hook::udp4_recvmsg, at::cgroup_udp4_recvmsg, "udp4_recvmsg", of::cgroup_sock_addr, {5, 2}, true},
    {cgroup_hook::udp6_recvmsg, at::cgroup_udp6_recvmsg, "udp6_recvmsg", of::cgroup_sock_addr, {5, 2}, true},
    {cgroup_hook::getsockopt, at::cgroup_getsockopt, "getsockopt", of::cgroup_sockopt, {5, 3}, true},
    {cgroup_hook::setsockopt, at::cgroup_setsockopt, "setsockopt", of::cgroup_sockopt, {5, 3}, true},
    {cgroup_hook::inet4_getpeername,
     at::cgroup_inet4_getpeername,
     "inet4_getpeername",
     of::cgroup_sock_addr,
     {5, 8},
     true},
    {cgroup_hook::inet6_getpeername,
     at::cgroup_inet6_getpeername,
     "inet6_getpeername",
     of::cgroup_sock_addr,
     {5, 8},
     true},
    {cgroup_hook::inet4_getsockname,
     at::cgroup_inet4_getsockname,
     "inet4_getsockname",
     of::cgroup_sock_addr,
     {5, 8},
     true},
    {cgroup_hook::inet6_getsockname,
     at::cgroup_inet6_getsockname,
     "inet6_getsockname",
     of::cgroup_sock_addr,
     {5, 8},
     true},
    {cgroup_hook::inet_sock_release, at::cgroup_inet_sock_release, "inet_sock_release", of::cgroup_sock, {5, 9}, true},
    {cgroup_hook::unix_connect, at::cgroup_unix_connect, "unix_connect", of::cgroup_sock_addr, {6, 7}, true},
    {cgroup_hook::unix_sendmsg, at::cgroup_unix_sendmsg, "unix_sendmsg", of::cgroup_sock_addr, {6, 7}, true},
    {cgroup_hook::unix_recvmsg, at::cgroup_unix_recvmsg, "unix_recvmsg", of::cgroup_sock_addr, {6, 7}, true},
    {cgroup_hook::unix_getpeername,
     at::cgroup_unix_getpeername,
     "unix_getpeername",
     of::cgroup_sock_addr,
     {6, 7},
     true},
    {cgroup_hook::unix_getsockname,
     at::cgroup_unix_getsockname,
     "unix_getsockname",
     of::cgroup_sock_addr,
     {6, 7},
     true},
}};

}  // namespace bpflink
