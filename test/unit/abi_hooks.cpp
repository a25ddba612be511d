// SPDX-License-Identifier: MIT
#include <string>

#include "abi.hpp"
#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/netkit.hpp"
#include "bpflink/attach/netns.hpp"
#include "bpflink/attach/tcx.hpp"
#include "bpflink/info.hpp"
#include "kernel/abi.hpp"

using namespace bpflink::test;
using bpflink::cgroup_hook;
using bpflink::cgroup_order;
using bpflink::netkit_hook;
using bpflink::netns_hook;
using bpflink::perf_event_kind;
using bpflink::tcx_hook;
using kernel_command = bpflink::kernel::command;

namespace {

constexpr known<cgroup_hook> cgroup_hooks[] = {
    {"BPF_CGROUP_INET_INGRESS", cgroup_hook::inet_ingress},
    {"BPF_CGROUP_INET_EGRESS", cgroup_hook::inet_egress},
    {"BPF_CGROUP_INET_SOCK_CREATE", cgroup_hook::inet_sock_create},
    {"BPF_CGROUP_SOCK_OPS", cgroup_hook::sock_ops},
    {"BPF_CGROUP_DEVICE", cgroup_hook::device},
    {"BPF_CGROUP_INET4_BIND", cgroup_hook::inet4_bind},
    {"BPF_CGROUP_INET6_BIND", cgroup_hook::inet6_bind},
    {"BPF_CGROUP_INET4_CONNECT", cgroup_hook::inet4_connect},
    {"BPF_CGROUP_INET6_CONNECT", cgroup_hook::inet6_connect},
    {"BPF_CGROUP_INET4_POST_BIND", cgroup_hook::inet4_post_bind},
    {"BPF_CGROUP_INET6_POST_BIND", cgroup_hook::inet6_post_bind},
    {"BPF_CGROUP_UDP4_SENDMSG", cgroup_hook::udp4_sendmsg},
    {"BPF_CGROUP_UDP6_SENDMSG", cgroup_hook::udp6_sendmsg},
    {"BPF_CGROUP_SYSCTL", cgroup_hook::sysctl},
    {"BPF_CGROUP_UDP4_RECVMSG", cgroup_hook::udp4_recvmsg},
    {"BPF_CGROUP_UDP6_RECVMSG", cgroup_hook::udp6_recvmsg},
    {"BPF_CGROUP_GETSOCKOPT", cgroup_hook::getsockopt, {5, 3}},
    {"BPF_CGROUP_SETSOCKOPT", cgroup_hook::setsockopt, {5, 3}},
    {"BPF_CGROUP_INET4_GETPEERNAME", cgroup_hook::inet4_getpeername, {5, 8}},
    {"BPF_CGROUP_INET6_GETPEERNAME", cgroup_hook::inet6_getpeername, {5, 8}},
    {"BPF_CGROUP_INET4_GETSOCKNAME", cgroup_hook::inet4_getsockname, {5, 8}},
    {"BPF_CGROUP_INET6_GETSOCKNAME", cgroup_hook::inet6_getsockname, {5, 8}},
    {"BPF_CGROUP_INET_SOCK_RELEASE", cgroup_hook::inet_sock_release, {5, 9}},
    {"BPF_CGROUP_UNIX_CONNECT", cgroup_hook::unix_connect, {6, 7}},
    {"BPF_CGROUP_UNIX_SENDMSG", cgroup_hook::unix_sendmsg, {6, 7}},
    {"BPF_CGROUP_UNIX_RECVMSG", cgroup_hook::unix_recvmsg, {6, 7}},
    {"BPF_CGROUP_UNIX_GETPEERNAME", cgroup_hook::unix_getpeername, {6, 7}},
    {"BPF_CGROUP_UNIX_GETSOCKNAME", cgroup_hook::unix_getsockname, {6, 7}},
};
static_assert(std::size(cgroup_hooks) == 28);

constexpr known<netns_hook> netns_hooks[] = {
    {"BPF_FLOW_DISSECTOR", netns_hook::flow_dissector},
    {"BPF_SK_LOOKUP", netns_hook::sk_lookup, {5, 9}},
};

constexpr known<tcx_hook> tcx_hooks[] = {
    {"BPF_TCX_INGRESS", tcx_hook::ingress, {6, 6}},
    {"BPF_TCX_EGRESS", tcx_hook::egress, {6, 6}},
};

constexpr known<netkit_hook> netkit_hooks[] = {
    {"BPF_NETKIT_PRIMARY", netkit_hook::primary, {6, 7}},
    {"BPF_NETKIT_PEER", netkit_hook::peer, {6, 7}},
};

constexpr known<cgroup_order> orders[] = {
    {"BPF_CGROUP_ITER_SELF_ONLY", cgroup_order::self, {6, 1}},
    {"BPF_CGROUP_ITER_DESCENDANTS_PRE", cgroup_order::descendants_pre, {6, 1}},
    {"BPF_CGROUP_ITER_DESCENDANTS_POST", cgroup_order::descendants_post, {6, 1}},
    {"BPF_CGROUP_ITER_ANCESTORS_UP", cgroup_order::ancestors_up, {6, 1}},
};

constexpr known<perf_event_kind> perf_event_kinds[] = {
    {"BPF_PERF_EVENT_UNSPEC", perf_event_kind::unspecified, {6, 6}},
    {"BPF_PERF_EVENT_UPROBE", perf_event_kind::uprobe, {6, 6}},
    {"BPF_PERF_EVENT_URETPROBE", perf_event_kind::uretprobe, {6, 6}},
    {"BPF_PERF_EVENT_KPROBE", perf_event_kind::kprobe, {6, 6}},
    {"BPF_PERF_EVENT_KRETPROBE", perf_event_kind::kretprobe, {6, 6}},
    {"BPF_PERF_EVENT_TRACEPOINT", perf_event_kind::tracepoint, {6, 6}},
    {"BPF_PERF_EVENT_EVENT", perf_event_kind::event, {6, 6}},
};

// Those that the library gives, not all that there are.
constexpr known<kernel_command> commands[] = {
    {"BPF_MAP_CREATE", kernel_command::map_create},
    {"BPF_MAP_LOOKUP_ELEM", kernel_command::map_lookup_elem},
    {"BPF_MAP_UPDATE_ELEM", kernel_command::map_update_elem},
    {"BPF_PROG_LOAD", kernel_command::prog_load},
    {"BPF_OBJ_PIN", kernel_command::obj_pin},
    {"BPF_OBJ_GET", kernel_command::obj_get},
    {"BPF_PROG_ATTACH", kernel_command::prog_attach},
    {"BPF_PROG_DETACH", kernel_command::prog_detach},
    {"BPF_PROG_GET_NEXT_ID", kernel_command::prog_get_next_id},
    {"BPF_PROG_GET_FD_BY_ID", kernel_command::prog_get_fd_by_id},
    {"BPF_MAP_GET_FD_BY_ID", kernel_command::map_get_fd_by_id},
    {"BPF_OBJ_GET_INFO_BY_FD", kernel_command::obj_get_info_by_fd},
    {"BPF_PROG_QUERY", kernel_command::prog_query},
    {"BPF_RAW_TRACEPOINT_OPEN", kernel_command::raw_tracepoint_open},
    {"BPF_BTF_GET_FD_BY_ID", kernel_command::btf_get_fd_by_id},
    {"BPF_BTF_GET_NEXT_ID", kernel_command::btf_get_next_id},
    {"BPF_LINK_CREATE", kernel_command::link_create, {5, 7}},
    {"BPF_LINK_UPDATE", kernel_command::link_update, {5, 7}},
    {"BPF_LINK_GET_FD_BY_ID", kernel_command::link_get_fd_by_id, {5, 8}},
    {"BPF_LINK_GET_NEXT_ID", kernel_command::link_get_next_id, {5, 8}},
    {"BPF_ITER_CREATE", kernel_command::iter_create, {5, 8}},
    {"BPF_LINK_DETACH", kernel_command::link_detach, {5, 9}},
};

}  // namespace

TEST_CASE("abi: cgroup hooks are the kernel's, all of them", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<cgroup_hook>("bpf_attach_type", cgroup_hooks);
  check_complete<cgroup_hook>("bpf_attach_type", cgroup_hooks, "BPF_CGROUP_");
}

TEST_CASE("abi: network namespace hooks are the kernel's", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<netns_hook>("bpf_attach_type", netns_hooks);
  // The kernel's own list of them, in which each has its place.
  const auto theirs = vmlinux_btf::get().enumerators("netns_bpf_attach_type");
  if (!theirs.empty()) {
    CHECK(vmlinux_btf::get().value_of("MAX_NETNS_BPF_ATTACH_TYPE") == static_cast<int>(std::size(netns_hooks)));
  }
}

TEST_CASE("abi: hooks of interfaces are the kernel's, all of them", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<tcx_hook>("bpf_attach_type", tcx_hooks);
  check_complete<tcx_hook>("bpf_attach_type", tcx_hooks, "BPF_TCX_");
  check_values<netkit_hook>("bpf_attach_type", netkit_hooks);
  check_complete<netkit_hook>("bpf_attach_type", netkit_hooks, "BPF_NETKIT_");
}

TEST_CASE("abi: the orders of cgroup iterators are the kernel's", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<cgroup_order>("bpf_cgroup_iter_order", orders);
  // 0 leaves the choice to the kernel, which takes the first.
  CHECK(vmlinux_btf::get().enumerators("bpf_cgroup_iter_order").size() == (at_least(6, 1) ? 5U : 0U));
}

TEST_CASE("abi: kinds of perf events are the kernel's", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<perf_event_kind>("bpf_perf_event_type", perf_event_kinds);
  check_complete<perf_event_kind>("bpf_perf_event_type", perf_event_kinds);
}

TEST_CASE("abi: commands are the kernel's", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<kernel_command>("bpf_cmd", commands);
}

TEST_CASE("words: cgroup hooks have the kernel's names", "[words]") {
  for (const auto& row : cgroup_hooks) {
    CHECK(lower(row.name) == "bpf_cgroup_" + std::string(to_string(row.ours)));
    CHECK(static_cast<bpflink::attach_type>(row.ours) != bpflink::attach_type::lsm_cgroup);
  }
  CHECK(to_string(static_cast<cgroup_hook>(4711)) == "unknown");
}
