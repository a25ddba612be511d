// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/detail/export.hpp"

namespace bpflink {

/// The kind of a bpf_link, with the kernel's values (enum bpf_link_type).
enum class link_type : std::uint32_t {
  unspecified = 0,     ///< Not known. BPF_LINK_TYPE_UNSPEC.
  raw_tracepoint = 1,  ///< A raw tracepoint, also one with BTF (tp_btf). BPF_LINK_TYPE_RAW_TRACEPOINT.
  tracing = 2,         ///< fentry, fexit, fmod_ret, LSM, freplace. BPF_LINK_TYPE_TRACING.
  cgroup = 3,          ///< A cgroup hook. BPF_LINK_TYPE_CGROUP.
  iterator = 4,        ///< A BPF iterator. BPF_LINK_TYPE_ITER.
  netns = 5,           ///< sk_lookup or a flow dissector. BPF_LINK_TYPE_NETNS.
  xdp = 6,             ///< An interface, before the network stack. BPF_LINK_TYPE_XDP.
  perf_event = 7,      ///< A tracepoint, kprobe, uprobe or other perf event. BPF_LINK_TYPE_PERF_EVENT.
  kprobe_multi = 8,    ///< Many kernel functions. BPF_LINK_TYPE_KPROBE_MULTI.
  struct_ops = 9,      ///< A table of functions that BPF implements. BPF_LINK_TYPE_STRUCT_OPS.
  netfilter = 10,      ///< A netfilter hook. BPF_LINK_TYPE_NETFILTER.
  tcx = 11,            ///< An interface, at tc. BPF_LINK_TYPE_TCX.
  uprobe_multi = 12,   ///< Many user functions. BPF_LINK_TYPE_UPROBE_MULTI.
  netkit = 13,         ///< A netkit device. BPF_LINK_TYPE_NETKIT.
  sockmap = 14,        ///< A sockmap or sockhash. BPF_LINK_TYPE_SOCKMAP.
  tracing_multi = 15,  ///< Many kernel functions by trampoline. BPF_LINK_TYPE_TRACING_MULTI.
};

/// The type of a program, with the kernel's values (enum bpf_prog_type).
enum class program_type : std::uint32_t {
  unspecified = 0,               ///< BPF_PROG_TYPE_UNSPEC
  socket_filter = 1,             ///< BPF_PROG_TYPE_SOCKET_FILTER
  kprobe = 2,                    ///< BPF_PROG_TYPE_KPROBE
  sched_cls = 3,                 ///< BPF_PROG_TYPE_SCHED_CLS
  sched_act = 4,                 ///< BPF_PROG_TYPE_SCHED_ACT
  tracepoint = 5,                ///< BPF_PROG_TYPE_TRACEPOINT
  xdp = 6,                       ///< BPF_PROG_TYPE_XDP
  perf_event = 7,                ///< BPF_PROG_TYPE_PERF_EVENT
  cgroup_skb = 8,                ///< BPF_PROG_TYPE_CGROUP_SKB
  cgroup_sock = 9,               ///< BPF_PROG_TYPE_CGROUP_SOCK
  lwt_in = 10,                   ///< BPF_PROG_TYPE_LWT_IN
  lwt_out = 11,                  ///< BPF_PROG_TYPE_LWT_OUT
  lwt_xmit = 12,                 ///< BPF_PROG_TYPE_LWT_XMIT
  sock_ops = 13,                 ///< BPF_PROG_TYPE_SOCK_OPS
  sk_skb = 14,                   ///< BPF_PROG_TYPE_SK_SKB
  cgroup_device = 15,            ///< BPF_PROG_TYPE_CGROUP_DEVICE
  sk_msg = 16,                   ///< BPF_PROG_TYPE_SK_MSG
  raw_tracepoint = 17,           ///< BPF_PROG_TYPE_RAW_TRACEPOINT
  cgroup_sock_addr = 18,         ///< BPF_PROG_TYPE_CGROUP_SOCK_ADDR
  lwt_seg6local = 19,            ///< BPF_PROG_TYPE_LWT_SEG6LOCAL
  lirc_mode2 = 20,               ///< BPF_PROG_TYPE_LIRC_MODE2
  sk_reuseport = 21,             ///< BPF_PROG_TYPE_SK_REUSEPORT
  flow_dissector = 22,           ///< BPF_PROG_TYPE_FLOW_DISSECTOR
  cgroup_sysctl = 23,            ///< BPF_PROG_TYPE_CGROUP_SYSCTL
  raw_tracepoint_writable = 24,  ///< BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE
  cgroup_sockopt = 25,           ///< BPF_PROG_TYPE_CGROUP_SOCKOPT
  tracing = 26,                  ///< BPF_PROG_TYPE_TRACING
  struct_ops = 27,               ///< BPF_PROG_TYPE_STRUCT_OPS
  ext = 28,                      ///< BPF_PROG_TYPE_EXT
  lsm = 29,                      ///< BPF_PROG_TYPE_LSM
  sk_lookup = 30,                ///< BPF_PROG_TYPE_SK_LOOKUP
  syscall = 31,                  ///< BPF_PROG_TYPE_SYSCALL
  netfilter = 32,                ///< BPF_PROG_TYPE_NETFILTER
};

/// Where a program attaches, with the kernel's values (enum bpf_attach_type). Hooks have narrower types of their own;
/// this one serves loading and the raw calls.
enum class attach_type : std::uint32_t {
  cgroup_inet_ingress = 0,              ///< BPF_CGROUP_INET_INGRESS
  cgroup_inet_egress = 1,               ///< BPF_CGROUP_INET_EGRESS
  cgroup_inet_sock_create = 2,          ///< BPF_CGROUP_INET_SOCK_CREATE
  cgroup_sock_ops = 3,                  ///< BPF_CGROUP_SOCK_OPS
  sk_skb_stream_parser = 4,             ///< BPF_SK_SKB_STREAM_PARSER
  sk_skb_stream_verdict = 5,            ///< BPF_SK_SKB_STREAM_VERDICT
  cgroup_device = 6,                    ///< BPF_CGROUP_DEVICE
  sk_msg_verdict = 7,                   ///< BPF_SK_MSG_VERDICT
  cgroup_inet4_bind = 8,                ///< BPF_CGROUP_INET4_BIND
  cgroup_inet6_bind = 9,                ///< BPF_CGROUP_INET6_BIND
  cgroup_inet4_connect = 10,            ///< BPF_CGROUP_INET4_CONNECT
  cgroup_inet6_connect = 11,            ///< BPF_CGROUP_INET6_CONNECT
  cgroup_inet4_post_bind = 12,          ///< BPF_CGROUP_INET4_POST_BIND
  cgroup_inet6_post_bind = 13,          ///< BPF_CGROUP_INET6_POST_BIND
  cgroup_udp4_sendmsg = 14,             ///< BPF_CGROUP_UDP4_SENDMSG
  cgroup_udp6_sendmsg = 15,             ///< BPF_CGROUP_UDP6_SENDMSG
  lirc_mode2 = 16,                      ///< BPF_LIRC_MODE2
  flow_dissector = 17,                  ///< BPF_FLOW_DISSECTOR
  cgroup_sysctl = 18,                   ///< BPF_CGROUP_SYSCTL
  cgroup_udp4_recvmsg = 19,             ///< BPF_CGROUP_UDP4_RECVMSG
  cgroup_udp6_recvmsg = 20,             ///< BPF_CGROUP_UDP6_RECVMSG
  cgroup_getsockopt = 21,               ///< BPF_CGROUP_GETSOCKOPT
  cgroup_setsockopt = 22,               ///< BPF_CGROUP_SETSOCKOPT
  trace_raw_tp = 23,                    ///< BPF_TRACE_RAW_TP
  trace_fentry = 24,                    ///< BPF_TRACE_FENTRY
  trace_fexit = 25,                     ///< BPF_TRACE_FEXIT
  modify_return = 26,                   ///< BPF_MODIFY_RETURN
  lsm_mac = 27,                         ///< BPF_LSM_MAC
  trace_iter = 28,                      ///< BPF_TRACE_ITER
  cgroup_inet4_getpeername = 29,        ///< BPF_CGROUP_INET4_GETPEERNAME
  cgroup_inet6_getpeername = 30,        ///< BPF_CGROUP_INET6_GETPEERNAME
  cgroup_inet4_getsockname = 31,        ///< BPF_CGROUP_INET4_GETSOCKNAME
  cgroup_inet6_getsockname = 32,        ///< BPF_CGROUP_INET6_GETSOCKNAME
  xdp_devmap = 33,                      ///< BPF_XDP_DEVMAP
  cgroup_inet_sock_release = 34,        ///< BPF_CGROUP_INET_SOCK_RELEASE
  xdp_cpumap = 35,                      ///< BPF_XDP_CPUMAP
  sk_lookup = 36,                       ///< BPF_SK_LOOKUP
  xdp = 37,                             ///< BPF_XDP
  sk_skb_verdict = 38,                  ///< BPF_SK_SKB_VERDICT
  sk_reuseport_select = 39,             ///< BPF_SK_REUSEPORT_SELECT
  sk_reuseport_select_or_migrate = 40,  ///< BPF_SK_REUSEPORT_SELECT_OR_MIGRATE
  perf_event = 41,                      ///< BPF_PERF_EVENT
  trace_kprobe_multi = 42,              ///< BPF_TRACE_KPROBE_MULTI
  lsm_cgroup = 43,                      ///< BPF_LSM_CGROUP
  struct_ops = 44,                      ///< BPF_STRUCT_OPS
  netfilter = 45,                       ///< BPF_NETFILTER
  tcx_ingress = 46,                     ///< BPF_TCX_INGRESS
  tcx_egress = 47,                      ///< BPF_TCX_EGRESS
  trace_uprobe_multi = 48,              ///< BPF_TRACE_UPROBE_MULTI
  cgroup_unix_connect = 49,             ///< BPF_CGROUP_UNIX_CONNECT
  cgroup_unix_sendmsg = 50,             ///< BPF_CGROUP_UNIX_SENDMSG
  cgroup_unix_recvmsg = 51,             ///< BPF_CGROUP_UNIX_RECVMSG
  cgroup_unix_getpeername = 52,         ///< BPF_CGROUP_UNIX_GETPEERNAME
  cgroup_unix_getsockname = 53,         ///< BPF_CGROUP_UNIX_GETSOCKNAME
  netkit_primary = 54,                  ///< BPF_NETKIT_PRIMARY
  netkit_peer = 55,                     ///< BPF_NETKIT_PEER
  trace_kprobe_session = 56,            ///< BPF_TRACE_KPROBE_SESSION
  trace_uprobe_session = 57,            ///< BPF_TRACE_UPROBE_SESSION
};

/// The kernel tools' word for the kind: "cgroup", "iter"; "unknown" for a number that this library does not know.
[[nodiscard]] BPFLINK_API std::string_view to_string(link_type type) noexcept;
/// The kernel's name in small letters: "cgroup_skb"; "unknown" for a number that this library does not know.
[[nodiscard]] BPFLINK_API std::string_view to_string(program_type type) noexcept;
/// The kernel's name in small letters: "cgroup_inet_egress"; "unknown" for a number that this library does not know.
[[nodiscard]] BPFLINK_API std::string_view to_string(attach_type type) noexcept;

}  // namespace bpflink
