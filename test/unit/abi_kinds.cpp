// SPDX-License-Identifier: MIT
#include <array>
#include <string>

#include "abi.hpp"
#include "bpflink/kinds.hpp"

using namespace bpflink::test;
using bpflink::attach_type;
using bpflink::link_type;
using bpflink::program_type;

namespace {

constexpr known<link_type> link_types[] = {
    {"BPF_LINK_TYPE_UNSPEC", link_type::unspecified, {5, 8}},
    {"BPF_LINK_TYPE_RAW_TRACEPOINT", link_type::raw_tracepoint, {5, 8}},
    {"BPF_LINK_TYPE_TRACING", link_type::tracing, {5, 8}},
    {"BPF_LINK_TYPE_CGROUP", link_type::cgroup, {5, 8}},
    {"BPF_LINK_TYPE_ITER", link_type::iterator, {5, 8}},
    {"BPF_LINK_TYPE_NETNS", link_type::netns, {5, 8}},
    {"BPF_LINK_TYPE_XDP", link_type::xdp, {5, 9}},
    {"BPF_LINK_TYPE_PERF_EVENT", link_type::perf_event, {5, 15}},
    {"BPF_LINK_TYPE_KPROBE_MULTI", link_type::kprobe_multi, {5, 18}},
    {"BPF_LINK_TYPE_STRUCT_OPS", link_type::struct_ops, {5, 19}},
    {"BPF_LINK_TYPE_NETFILTER", link_type::netfilter, {6, 4}},
    {"BPF_LINK_TYPE_TCX", link_type::tcx, {6, 6}},
    {"BPF_LINK_TYPE_UPROBE_MULTI", link_type::uprobe_multi, {6, 6}},
    {"BPF_LINK_TYPE_NETKIT", link_type::netkit, {6, 7}},
    {"BPF_LINK_TYPE_SOCKMAP", link_type::sockmap, {6, 10}},
    {"BPF_LINK_TYPE_TRACING_MULTI", link_type::tracing_multi, {6, 19}},
};

constexpr known<program_type> program_types[] = {
    {"BPF_PROG_TYPE_UNSPEC", program_type::unspecified},
    {"BPF_PROG_TYPE_SOCKET_FILTER", program_type::socket_filter},
    {"BPF_PROG_TYPE_KPROBE", program_type::kprobe},
    {"BPF_PROG_TYPE_SCHED_CLS", program_type::sched_cls},
    {"BPF_PROG_TYPE_SCHED_ACT", program_type::sched_act},
    {"BPF_PROG_TYPE_TRACEPOINT", program_type::tracepoint},
    {"BPF_PROG_TYPE_XDP", program_type::xdp},
    {"BPF_PROG_TYPE_PERF_EVENT", program_type::perf_event},
    {"BPF_PROG_TYPE_CGROUP_SKB", program_type::cgroup_skb},
    {"BPF_PROG_TYPE_CGROUP_SOCK", program_type::cgroup_sock},
    {"BPF_PROG_TYPE_LWT_IN", program_type::lwt_in},
    {"BPF_PROG_TYPE_LWT_OUT", program_type::lwt_out},
    {"BPF_PROG_TYPE_LWT_XMIT", program_type::lwt_xmit},
    {"BPF_PROG_TYPE_SOCK_OPS", program_type::sock_ops},
    {"BPF_PROG_TYPE_SK_SKB", program_type::sk_skb},
    {"BPF_PROG_TYPE_CGROUP_DEVICE", program_type::cgroup_device},
    {"BPF_PROG_TYPE_SK_MSG", program_type::sk_msg},
    {"BPF_PROG_TYPE_RAW_TRACEPOINT", program_type::raw_tracepoint},
    {"BPF_PROG_TYPE_CGROUP_SOCK_ADDR", program_type::cgroup_sock_addr},
    {"BPF_PROG_TYPE_LWT_SEG6LOCAL", program_type::lwt_seg6local},
    {"BPF_PROG_TYPE_LIRC_MODE2", program_type::lirc_mode2},
    {"BPF_PROG_TYPE_SK_REUSEPORT", program_type::sk_reuseport},
    {"BPF_PROG_TYPE_FLOW_DISSECTOR", program_type::flow_dissector},
    {"BPF_PROG_TYPE_CGROUP_SYSCTL", program_type::cgroup_sysctl},
    {"BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE", program_type::raw_tracepoint_writable},
    {"BPF_PROG_TYPE_CGROUP_SOCKOPT", program_type::cgroup_sockopt, {5, 3}},
    {"BPF_PROG_TYPE_TRACING", program_type::tracing, {5, 5}},
    {"BPF_PROG_TYPE_STRUCT_OPS", program_type::struct_ops, {5, 6}},
    {"BPF_PROG_TYPE_EXT", program_type::ext, {5, 6}},
    {"BPF_PROG_TYPE_LSM", program_type::lsm, {5, 7}},
    {"BPF_PROG_TYPE_SK_LOOKUP", program_type::sk_lookup, {5, 9}},
    {"BPF_PROG_TYPE_SYSCALL", program_type::syscall, {5, 14}},
    {"BPF_PROG_TYPE_NETFILTER", program_type::netfilter, {6, 4}},
};

constexpr known<attach_type> attach_types[] = {
    {"BPF_CGROUP_INET_INGRESS", attach_type::cgroup_inet_ingress},
    {"BPF_CGROUP_INET_EGRESS", attach_type::cgroup_inet_egress},
    {"BPF_CGROUP_INET_SOCK_CREATE", attach_type::cgroup_inet_sock_create},
    {"BPF_CGROUP_SOCK_OPS", attach_type::cgroup_sock_ops},
    {"BPF_SK_SKB_STREAM_PARSER", attach_type::sk_skb_stream_parser},
    {"BPF_SK_SKB_STREAM_VERDICT", attach_type::sk_skb_stream_verdict},
    {"BPF_CGROUP_DEVICE", attach_type::cgroup_device},
    {"BPF_SK_MSG_VERDICT", attach_type::sk_msg_verdict},
    {"BPF_CGROUP_INET4_BIND", attach_type::cgroup_inet4_bind},
    {"BPF_CGROUP_INET6_BIND", attach_type::cgroup_inet6_bind},
    {"BPF_CGROUP_INET4_CONNECT", attach_type::cgroup_inet4_connect},
    {"BPF_CGROUP_INET6_CONNECT", attach_type::cgroup_inet6_connect},
    {"BPF_CGROUP_INET4_POST_BIND", attach_type::cgroup_inet4_post_bind},
    {"BPF_CGROUP_INET6_POST_BIND", attach_type::cgroup_inet6_post_bind},
    {"BPF_CGROUP_UDP4_SENDMSG", attach_type::cgroup_udp4_sendmsg},
    {"BPF_CGROUP_UDP6_SENDMSG", attach_type::cgroup_udp6_sendmsg},
    {"BPF_LIRC_MODE2", attach_type::lirc_mode2},
    {"BPF_FLOW_DISSECTOR", attach_type::flow_dissector},
    {"BPF_CGROUP_SYSCTL", attach_type::cgroup_sysctl},
    {"BPF_CGROUP_UDP4_RECVMSG", attach_type::cgroup_udp4_recvmsg},
    {"BPF_CGROUP_UDP6_RECVMSG", attach_type::cgroup_udp6_recvmsg},
    {"BPF_CGROUP_GETSOCKOPT", attach_type::cgroup_getsockopt, {5, 3}},
    {"BPF_CGROUP_SETSOCKOPT", attach_type::cgroup_setsockopt, {5, 3}},
    {"BPF_TRACE_RAW_TP", attach_type::trace_raw_tp, {5, 5}},
    {"BPF_TRACE_FENTRY", attach_type::trace_fentry, {5, 5}},
    {"BPF_TRACE_FEXIT", attach_type::trace_fexit, {5, 5}},
    {"BPF_MODIFY_RETURN", attach_type::modify_return, {5, 7}},
    {"BPF_LSM_MAC", attach_type::lsm_mac, {5, 7}},
    {"BPF_TRACE_ITER", attach_type::trace_iter, {5, 8}},
    {"BPF_CGROUP_INET4_GETPEERNAME", attach_type::cgroup_inet4_getpeername, {5, 8}},
    {"BPF_CGROUP_INET6_GETPEERNAME", attach_type::cgroup_inet6_getpeername, {5, 8}},
    {"BPF_CGROUP_INET4_GETSOCKNAME", attach_type::cgroup_inet4_getsockname, {5, 8}},
    {"BPF_CGROUP_INET6_GETSOCKNAME", attach_type::cgroup_inet6_getsockname, {5, 8}},
    {"BPF_XDP_DEVMAP", attach_type::xdp_devmap, {5, 8}},
    {"BPF_CGROUP_INET_SOCK_RELEASE", attach_type::cgroup_inet_sock_release, {5, 9}},
    {"BPF_XDP_CPUMAP", attach_type::xdp_cpumap, {5, 9}},
    {"BPF_SK_LOOKUP", attach_type::sk_lookup, {5, 9}},
    {"BPF_XDP", attach_type::xdp, {5, 9}},
    {"BPF_SK_SKB_VERDICT", attach_type::sk_skb_verdict, {5, 13}},
    {"BPF_SK_REUSEPORT_SELECT", attach_type::sk_reuseport_select, {5, 14}},
    {"BPF_SK_REUSEPORT_SELECT_OR_MIGRATE", attach_type::sk_reuseport_select_or_migrate, {5, 14}},
    {"BPF_PERF_EVENT", attach_type::perf_event, {5, 15}},
    {"BPF_TRACE_KPROBE_MULTI", attach_type::trace_kprobe_multi, {5, 18}},
    {"BPF_LSM_CGROUP", attach_type::lsm_cgroup, {6, 0}},
    {"BPF_STRUCT_OPS", attach_type::struct_ops, {6, 4}},
    {"BPF_NETFILTER", attach_type::netfilter, {6, 4}},
    {"BPF_TCX_INGRESS", attach_type::tcx_ingress, {6, 6}},
    {"BPF_TCX_EGRESS", attach_type::tcx_egress, {6, 6}},
    {"BPF_TRACE_UPROBE_MULTI", attach_type::trace_uprobe_multi, {6, 6}},
    {"BPF_CGROUP_UNIX_CONNECT", attach_type::cgroup_unix_connect, {6, 7}},
    {"BPF_CGROUP_UNIX_SENDMSG", attach_type::cgroup_unix_sendmsg, {6, 7}},
    {"BPF_CGROUP_UNIX_RECVMSG", attach_type::cgroup_unix_recvmsg, {6, 7}},
    {"BPF_CGROUP_UNIX_GETPEERNAME", attach_type::cgroup_unix_getpeername, {6, 7}},
    {"BPF_CGROUP_UNIX_GETSOCKNAME", attach_type::cgroup_unix_getsockname, {6, 7}},
    {"BPF_NETKIT_PRIMARY", attach_type::netkit_primary, {6, 7}},
    {"BPF_NETKIT_PEER", attach_type::netkit_peer, {6, 7}},
    {"BPF_TRACE_KPROBE_SESSION", attach_type::trace_kprobe_session, {6, 10}},
    {"BPF_TRACE_UPROBE_SESSION", attach_type::trace_uprobe_session, {6, 13}},
};

// The word for a kind is the kernel's name without its prefix, in small letters; tools shorten one.
template <class Enumeration>
void check_words(std::span<const known<Enumeration>> ours, std::string_view prefix) {
  for (const auto& row : ours) {
    const std::string word(to_string(row.ours));
    INFO(row.name);
    CHECK(lower(row.name) == lower(prefix) + (word == "unspecified" ? "unspec" : word));
  }
  CHECK(to_string(static_cast<Enumeration>(ours.size())) == "unknown");
  CHECK(to_string(static_cast<Enumeration>(0xffffffffU)) == "unknown");
}

}  // namespace

TEST_CASE("abi: kinds of links are the kernel's", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<link_type>("bpf_link_type", link_types);
  check_complete<link_type>("bpf_link_type", link_types);
}

TEST_CASE("abi: types of programs are the kernel's", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<program_type>("bpf_prog_type", program_types);
  check_complete<program_type>("bpf_prog_type", program_types);
}

TEST_CASE("abi: attach types are the kernel's", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<attach_type>("bpf_attach_type", attach_types);
  check_complete<attach_type>("bpf_attach_type", attach_types);
}

TEST_CASE("words: kinds have the kernel's names", "[words]") {
  check_words<link_type>(link_types, "BPF_LINK_TYPE_");
  check_words<program_type>(program_types, "BPF_PROG_TYPE_");
  check_words<attach_type>(attach_types, "BPF_");
}
