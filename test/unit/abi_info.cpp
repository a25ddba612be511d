// SPDX-License-Identifier: MIT
#include "kernel/abi_info.hpp"

#include <vector>

#include "abi.hpp"

using namespace bpflink::test;
using namespace bpflink::kernel;

namespace {

const std::size_t details = offsetof(link_info_raw, bytes);

template <class Part>
void check_part(const std::vector<field>& fields) {
  CHECK(details + sizeof(Part) <= sizeof(link_info_raw));
  check_layout("bpf_link_info", sizeof(Part), fields, details);
}

}  // namespace

TEST_CASE("abi: struct bpf_link_info", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_layout("bpf_link_info", details,
               {
                   at(&link_info_raw::type, "type", {5, 8}),
                   at(&link_info_raw::id, "id", {5, 8}),
                   at(&link_info_raw::prog_id, "prog_id", {5, 8}),
                   padding(&link_info_raw::padding),
               });
  using header = link_info_header;
  check_layout("bpf_link_info", sizeof(header),
               {
                   at(&header::type, "type", {5, 8}),
                   at(&header::id, "id", {5, 8}),
                   at(&header::prog_id, "prog_id", {5, 8}),
                   padding(&header::padding),
               });
  // What a newer kernel has behind it, it keeps to itself: the size given is ours.
  CHECK((sizeof(link_info_raw) >= vmlinux_btf::get().size_of("bpf_link_info").value_or(0) ||
         running_kernel() > newest_known));
}

TEST_CASE("abi: struct bpf_link_info, the kinds with names of a kernel function or hook", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using raw_tracepoint = link_info_raw_tracepoint;
  check_part<raw_tracepoint>({
      at(&raw_tracepoint::tp_name, "raw_tracepoint.tp_name", {5, 8}),
      at(&raw_tracepoint::tp_name_len, "raw_tracepoint.tp_name_len", {5, 8}),
      padding(&raw_tracepoint::padding),
      at(&raw_tracepoint::cookie, "raw_tracepoint.cookie", {6, 17}),
  });
  using tracing = link_info_tracing;
  check_part<tracing>({
      at(&tracing::attach_type, "tracing.attach_type", {5, 8}),
      at(&tracing::target_obj_id, "tracing.target_obj_id", {5, 13}),
      at(&tracing::target_btf_id, "tracing.target_btf_id", {5, 13}),
      padding(&tracing::padding),
      at(&tracing::cookie, "tracing.cookie", {6, 17}),
  });
  using iterator = link_info_iterator;
  check_part<iterator>({
      at(&iterator::target_name, "iter.target_name", {5, 10}),
      at(&iterator::target_name_len, "iter.target_name_len", {5, 10}),
      at(&iterator::map_id, "iter.map.map_id", {5, 10}),
      at(&iterator::cgroup_id, "iter.cgroup.cgroup_id", {6, 1}),
      at(&iterator::order, "iter.cgroup.order", {6, 1}),
  });
  using task = link_info_iterator_task;
  check_part<task>({
      at(&task::target_name, "iter.target_name", {5, 10}),
      at(&task::target_name_len, "iter.target_name_len", {5, 10}),
      at(&task::map_id, "iter.map.map_id", {5, 10}),
      at(&task::tid, "iter.task.tid", {6, 1}),
      at(&task::pid, "iter.task.pid", {6, 1}),
  });
}

TEST_CASE("abi: struct bpf_link_info, the kinds with a target", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using cgroup = link_info_cgroup;
  check_part<cgroup>({
      at(&cgroup::cgroup_id, "cgroup.cgroup_id", {5, 8}),
      at(&cgroup::attach_type, "cgroup.attach_type", {5, 8}),
  });
  using netns = link_info_netns;
  check_part<netns>({
      at(&netns::netns_ino, "netns.netns_ino", {5, 8}),
      at(&netns::attach_type, "netns.attach_type", {5, 8}),
  });
  check_part<link_info_xdp>({at(&link_info_xdp::ifindex, "xdp.ifindex", {5, 9})});
  using sockmap = link_info_sockmap;
  check_part<sockmap>({
      at(&sockmap::map_id, "sockmap.map_id", {6, 10}),
      at(&sockmap::attach_type, "sockmap.attach_type", {6, 10}),
  });
  using uprobe_multi = link_info_uprobe_multi;
  check_part<uprobe_multi>({
      at(&uprobe_multi::path, "uprobe_multi.path", {6, 8}),
      at(&uprobe_multi::offsets, "uprobe_multi.offsets", {6, 8}),
      at(&uprobe_multi::ref_ctr_offsets, "uprobe_multi.ref_ctr_offsets", {6, 8}),
      at(&uprobe_multi::cookies, "uprobe_multi.cookies", {6, 8}),
      at(&uprobe_multi::path_size, "uprobe_multi.path_size", {6, 8}),
      at(&uprobe_multi::count, "uprobe_multi.count", {6, 8}),
      at(&uprobe_multi::flags, "uprobe_multi.flags", {6, 8}),
      at(&uprobe_multi::pid, "uprobe_multi.pid", {6, 8}),
  });
}

TEST_CASE("abi: struct bpf_link_info, the network's kinds", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using tcx = link_info_tcx;
  check_part<tcx>({
      at(&tcx::ifindex, "tcx.ifindex", {6, 6}),
      at(&tcx::attach_type, "tcx.attach_type", {6, 6}),
  });
  using netkit = link_info_netkit;
  check_part<netkit>({
      at(&netkit::ifindex, "netkit.ifindex", {6, 7}),
      at(&netkit::attach_type, "netkit.attach_type", {6, 7}),
  });
  using netfilter = link_info_netfilter;
  check_part<netfilter>({
      at(&netfilter::pf, "netfilter.pf", {6, 4}),
      at(&netfilter::hooknum, "netfilter.hooknum", {6, 4}),
      at(&netfilter::priority, "netfilter.priority", {6, 4}),
      at(&netfilter::flags, "netfilter.flags", {6, 4}),
  });
  check_part<link_info_struct_ops>({at(&link_info_struct_ops::map_id, "struct_ops.map_id", {6, 4})});
}

TEST_CASE("abi: struct bpf_link_info, perf events", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using probe = link_info_perf_probe;
  check_part<probe>({
      at(&probe::type, "perf_event.type", {6, 6}),
      padding(&probe::padding),
      at(&probe::name, "perf_event.uprobe.file_name", {6, 6}),
      at(&probe::name, "perf_event.kprobe.func_name", {6, 6}),
      at(&probe::name, "perf_event.tracepoint.tp_name", {6, 6}),
      at(&probe::name_len, "perf_event.uprobe.name_len", {6, 6}),
      at(&probe::name_len, "perf_event.kprobe.name_len", {6, 6}),
      at(&probe::name_len, "perf_event.tracepoint.name_len", {6, 6}),
      at(&probe::offset, "perf_event.uprobe.offset", {6, 6}),
      at(&probe::offset, "perf_event.kprobe.offset", {6, 6}),
      at(&probe::addr_or_cookie, "perf_event.kprobe.addr", {6, 6}),
      at(&probe::addr_or_cookie, "perf_event.uprobe.cookie", {6, 9}),
      at(&probe::addr_or_cookie, "perf_event.tracepoint.cookie", {6, 9}),
      at(&probe::missed_or_ref_ctr_offset, "perf_event.kprobe.missed", {6, 7}),
      at(&probe::missed_or_ref_ctr_offset, "perf_event.uprobe.ref_ctr_offset", {6, 17}),
      at(&probe::kprobe_cookie, "perf_event.kprobe.cookie", {6, 9}),
  });
  using event = link_info_perf_event;
  check_part<event>({
      at(&event::type, "perf_event.type", {6, 6}),
      padding(&event::padding),
      at(&event::config, "perf_event.event.config", {6, 6}),
      at(&event::event_type, "perf_event.event.type", {6, 6}),
      padding(&event::padding_2),
      at(&event::cookie, "perf_event.event.cookie", {6, 9}),
  });
}

TEST_CASE("abi: struct bpf_prog_info", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using info = prog_info_raw;
  check_layout("bpf_prog_info", sizeof(info),
               {
                   at(&info::type, "type"),
                   at(&info::id, "id"),
                   at(&info::tag, "tag"),
                   at(&info::jited_prog_len, "jited_prog_len"),
                   at(&info::xlated_prog_len, "xlated_prog_len"),
                   at(&info::jited_prog_insns, "jited_prog_insns"),
                   at(&info::xlated_prog_insns, "xlated_prog_insns"),
                   at(&info::load_time, "load_time"),
                   at(&info::created_by_uid, "created_by_uid"),
                   at(&info::nr_map_ids, "nr_map_ids"),
                   at(&info::map_ids, "map_ids"),
                   at(&info::name, "name"),
                   at(&info::ifindex, "ifindex"),
                   padding(&info::flags),
                   at(&info::netns_dev, "netns_dev"),
                   at(&info::netns_ino, "netns_ino"),
                   at(&info::nr_jited_ksyms, "nr_jited_ksyms"),
                   at(&info::nr_jited_func_lens, "nr_jited_func_lens"),
                   at(&info::jited_ksyms, "jited_ksyms"),
                   at(&info::jited_func_lens, "jited_func_lens"),
                   at(&info::btf_id, "btf_id"),
                   at(&info::func_info_rec_size, "func_info_rec_size"),
                   at(&info::func_info, "func_info"),
                   at(&info::nr_func_info, "nr_func_info"),
                   at(&info::nr_line_info, "nr_line_info"),
                   at(&info::line_info, "line_info"),
                   at(&info::jited_line_info, "jited_line_info"),
                   at(&info::nr_jited_line_info, "nr_jited_line_info"),
                   at(&info::line_info_rec_size, "line_info_rec_size"),
                   at(&info::jited_line_info_rec_size, "jited_line_info_rec_size"),
                   at(&info::nr_prog_tags, "nr_prog_tags"),
                   at(&info::prog_tags, "prog_tags"),
                   at(&info::run_time_ns, "run_time_ns"),
                   at(&info::run_cnt, "run_cnt"),
                   at(&info::recursion_misses, "recursion_misses", {5, 12}),
                   at(&info::verified_insns, "verified_insns", {5, 16}),
                   at(&info::attach_btf_obj_id, "attach_btf_obj_id", {6, 0}),
                   at(&info::attach_btf_id, "attach_btf_id", {6, 0}),
                   padding(&info::padding),
               });
  // The lowest bit of what we call flags.
  const auto gpl = vmlinux_btf::get().find_member("bpf_prog_info", "gpl_compatible");
  REQUIRE(gpl.has_value());
  CHECK(gpl->bit_offset == 8 * offsetof(info, flags));
  CHECK(gpl->bit_size == 1);
}

TEST_CASE("abi: struct bpf_btf_info", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using info = btf_info_raw;
  check_layout("bpf_btf_info", sizeof(info),
               {
                   at(&info::btf, "btf"),
                   at(&info::btf_size, "btf_size"),
                   at(&info::id, "id"),
                   at(&info::name, "name", {5, 11}),
                   at(&info::name_len, "name_len", {5, 11}),
                   at(&info::kernel_btf, "kernel_btf", {5, 11}),
               });
}

TEST_CASE("abi: struct bpf_map_info", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using info = map_info_raw;
  check_layout("bpf_map_info", sizeof(info),
               {
                   at(&info::type, "type"),
                   at(&info::id, "id"),
                   at(&info::key_size, "key_size"),
                   at(&info::value_size, "value_size"),
                   at(&info::max_entries, "max_entries"),
                   at(&info::map_flags, "map_flags"),
                   at(&info::name, "name"),
                   at(&info::ifindex, "ifindex"),
                   at(&info::btf_vmlinux_value_type_id, "btf_vmlinux_value_type_id", {5, 6}),
               });
}

TEST_CASE("abi: the head of struct_ops values", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using head = struct_ops_value_head;
  const std::string value = "bpf_struct_ops_tcp_congestion_ops";
  // In a structure of their own since 6.9.
  const std::string in = vmlinux_btf::get().find_member(value, "common").has_value() ? "common." : "";
  check_layout(value, sizeof(head), {at(&head::refcnt, in + "refcnt", {5, 6}), at(&head::state, in + "state", {5, 6})});
  constexpr std::array states{
      known<u32>{"BPF_STRUCT_OPS_STATE_INIT", struct_ops_not_filled, {5, 6}},
      known<u32>{"BPF_STRUCT_OPS_STATE_INUSE", struct_ops_registered, {5, 6}},
      known<u32>{"BPF_STRUCT_OPS_STATE_TOBEFREE", struct_ops_unregistered, {5, 6}},
      known<u32>{"BPF_STRUCT_OPS_STATE_READY", struct_ops_ready, {6, 4}},
  };
  check_values<u32>("bpf_struct_ops_state", states);
  CHECK(map_flag_link == vmlinux_btf::get().value_of("BPF_F_LINK").value_or(map_flag_link));
  CHECK(map_type_struct_ops == vmlinux_btf::get().value_of("BPF_MAP_TYPE_STRUCT_OPS").value_or(map_type_struct_ops));
}
