// SPDX-License-Identifier: MIT
// The kernel's numbers that the tests need, written down apart from the library's own: a slip in one is seen by the
// other. The self test holds them against the running kernel's BTF. Unscoped, because they go into bytes.
#pragma once

#include <cstdint>

namespace bpflink::test {

namespace command {
enum : std::uint32_t {
  map_create = 0,
  map_lookup_elem,
  map_update_elem,
  map_delete_elem,
  map_get_next_key,
  prog_load,
  obj_pin,
  obj_get,
  prog_attach,
  prog_detach,
  prog_test_run,
  prog_get_next_id,
  map_get_next_id,
  prog_get_fd_by_id,
  map_get_fd_by_id,
  obj_get_info_by_fd,
  prog_query,
  raw_tracepoint_open,
  btf_load,
  btf_get_fd_by_id,
  task_fd_query,
  link_create = 28,
  link_update,
  link_get_fd_by_id,
  link_get_next_id,
  enable_stats,
  iter_create,
  link_detach,
};
}  // namespace command

namespace prog_type {
enum : std::uint32_t {
  unspec = 0,
  socket_filter,
  kprobe,
  sched_cls,
  sched_act,
  tracepoint,
  xdp,
  perf_event,
  cgroup_skb,
  cgroup_sock,
  lwt_in,
  lwt_out,
  lwt_xmit,
  sock_ops,
  sk_skb,
  cgroup_device,
  sk_msg,
  raw_tracepoint,
  cgroup_sock_addr,
  lwt_seg6local,
  lirc_mode2,
  sk_reuseport,
  flow_dissector,
  cgroup_sysctl,
  raw_tracepoint_writable,
  cgroup_sockopt,
  tracing,
  struct_ops,
  ext,
  lsm,
  sk_lookup,
  syscall,
  netfilter,
};
}  // namespace prog_type

namespace attach_type {
enum : std::uint32_t {
  cgroup_inet_ingress = 0,
  cgroup_inet_egress,
  cgroup_inet_sock_create,
  cgroup_sock_ops,
  sk_skb_stream_parser,
  sk_skb_stream_verdict,
  cgroup_device,
  sk_msg_verdict,
  cgroup_inet4_bind,
  cgroup_inet6_bind,
  cgroup_inet4_connect,
  cgroup_inet6_connect,
  cgroup_inet4_post_bind,
  cgroup_inet6_post_bind,
  cgroup_udp4_sendmsg,
  cgroup_udp6_sendmsg,
  lirc_mode2,
  flow_dissector,
  cgroup_sysctl,
  cgroup_udp4_recvmsg,
  cgroup_udp6_recvmsg,
  cgroup_getsockopt,
  cgroup_setsockopt,
  trace_raw_tp,
  trace_fentry,
  trace_fexit,
  modify_return,
  lsm_mac,
  trace_iter,
  cgroup_inet4_getpeername,
  cgroup_inet6_getpeername,
  cgroup_inet4_getsockname,
  cgroup_inet6_getsockname,
  xdp_devmap,
  cgroup_inet_sock_release,
  xdp_cpumap,
  sk_lookup,
  xdp,
  sk_skb_verdict,
  sk_reuseport_select,
  sk_reuseport_select_or_migrate,
  perf_event,
  trace_kprobe_multi,
  lsm_cgroup,
  struct_ops,
  netfilter,
  tcx_ingress,
  tcx_egress,
  trace_uprobe_multi,
  cgroup_unix_connect,
  cgroup_unix_sendmsg,
  cgroup_unix_recvmsg,
  cgroup_unix_getpeername,
  cgroup_unix_getsockname,
  netkit_primary,
  netkit_peer,
  trace_kprobe_session,
  trace_uprobe_session,
};
}  // namespace attach_type

namespace map_type {
enum : std::uint32_t { hash = 1, array = 2, percpu_array = 6, devmap = 14, sockmap = 15, cpumap = 16, sockhash = 18 };
}  // namespace map_type

namespace link_type {
enum : std::uint32_t {
  raw_tracepoint = 1,
  tracing,
  cgroup,
  iter,
  netns,
  xdp,
  perf_event,
  kprobe_multi,
  struct_ops,
  netfilter,
  tcx,
  uprobe_multi,
  netkit,
  sockmap,
};
}  // namespace link_type

namespace helper {
enum : std::int32_t {
  map_lookup_elem = 1,
  seq_write = 127,
  get_attach_cookie = 174,
};
}  // namespace helper

namespace flag {
enum : std::uint32_t {
  allow_override = 1,
  allow_multi = 2,
  replace = 4,
  query_effective = 1,
};
}  // namespace flag

}  // namespace bpflink::test
