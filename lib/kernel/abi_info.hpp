// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "kernel/abi.hpp"

// What BPF_OBJ_GET_INFO_BY_FD writes, in the kernel's layout. A test compares it with the running kernel's BTF.
namespace bpflink::kernel {

// The parts of struct bpf_link_info that belong to one kind each.
struct link_info_raw_tracepoint {
  u64 tp_name;
  u32 tp_name_len;
  u32 padding;
  u64 cookie;
};
struct link_info_tracing {
  u32 attach_type;
  u32 target_obj_id;
  u32 target_btf_id;
  u32 padding;
  u64 cookie;
};
struct link_info_cgroup {
  u64 cgroup_id;
  u32 attach_type;
};
struct link_info_iterator {
  u64 target_name;
  u32 target_name_len;
  u32 map_id;
  u64 cgroup_id;
  u32 order;
};
struct link_info_iterator_task {
  u64 target_name;
  u32 target_name_len;
  u32 map_id;
  u32 tid;
  u32 pid;
};
struct link_info_netns {
  u32 netns_ino;
  u32 attach_type;
};
struct link_info_xdp {
  u32 ifindex;
};
struct link_info_sockmap {
  u32 map_id;
  u32 attach_type;
};
struct link_info_tcx {
  u32 ifindex;
  u32 attach_type;
};
struct link_info_netkit {
  u32 ifindex;
  u32 attach_type;
};
struct link_info_netfilter {
  u32 pf;
  u32 hooknum;
  s32 priority;
  u32 flags;
};
struct link_info_struct_ops {
  u32 map_id;
};
struct link_info_uprobe_multi {
  u64 path;
  u64 offsets;
  u64 ref_ctr_offsets;
  u64 cookies;
  u32 path_size;
  u32 count;
  u32 flags;
  u32 pid;
};
struct link_info_perf_probe {
  u32 type;
  u32 padding;
  u64 name;  // file_name, func_name, tp_name
  u32 name_len;
  u32 offset;
  u64 addr_or_cookie;  // kprobe: addr; uprobe and tracepoint: cookie
  u64 missed_or_ref_ctr_offset;
  u64 kprobe_cookie;
};
struct link_info_perf_event {
  u32 type;
  u32 padding;
  u64 config;
  u32 event_type;
  u32 padding_2;
  u64 cookie;
};

// What struct bpf_link_info begins with for every kind.
struct link_info_header {
  u32 type = 0;
  u32 id = 0;
  u32 prog_id = 0;
  u32 padding = 0;
};

// struct bpf_link_info, with room for the kinds to come.
struct link_info_raw {
  u32 type = 0;
  u32 id = 0;
  u32 prog_id = 0;
  u32 padding = 0;
  union {
    std::array<std::byte, 112> bytes{};
    link_info_raw_tracepoint raw_tracepoint;
    link_info_tracing tracing;
    link_info_cgroup cgroup;
    link_info_iterator iterator;
    link_info_iterator_task iterator_task;
    link_info_netns netns;
    link_info_xdp xdp;
    link_info_sockmap sockmap;
    link_info_tcx tcx;
    link_info_netkit netkit;
    link_info_netfilter netfilter;
    link_info_struct_ops struct_ops;
    link_info_uprobe_multi uprobe_multi;
    link_info_perf_probe perf_probe;
    link_info_perf_event perf_event;
  };
};
static_assert(sizeof(link_info_raw) == 128);

// struct bpf_prog_info.
struct prog_info_raw {
  u32 type = 0;
  u32 id = 0;
  std::array<std::byte, 8> tag{};
  u32 jited_prog_len = 0;
  u32 xlated_prog_len = 0;
  u64 jited_prog_insns = 0;
  u64 xlated_prog_insns = 0;
  u64 load_time = 0;
  u32 created_by_uid = 0;
  u32 nr_map_ids = 0;
  u64 map_ids = 0;
  std::array<char, 16> name{};
  u32 ifindex = 0;
  u32 flags = 0;  // bit 0: gpl_compatible
  u64 netns_dev = 0;
  u64 netns_ino = 0;
  u32 nr_jited_ksyms = 0;
  u32 nr_jited_func_lens = 0;
  u64 jited_ksyms = 0;
  u64 jited_func_lens = 0;
  u32 btf_id = 0;
  u32 func_info_rec_size = 0;
  u64 func_info = 0;
  u32 nr_func_info = 0;
  u32 nr_line_info = 0;
  u64 line_info = 0;
  u64 jited_line_info = 0;
  u32 nr_jited_line_info = 0;
  u32 line_info_rec_size = 0;
  u32 jited_line_info_rec_size = 0;
  u32 nr_prog_tags = 0;
  u64 prog_tags = 0;
  u64 run_time_ns = 0;
  u64 run_cnt = 0;
  u64 recursion_misses = 0;
  u32 verified_insns = 0;
  u32 attach_btf_obj_id = 0;
  u32 attach_btf_id = 0;
  u32 padding = 0;
};

// The beginning of struct bpf_map_info.
struct map_info_raw {
  u32 type = 0;
  u32 id = 0;
  u32 key_size = 0;
  u32 value_size = 0;
  u32 max_entries = 0;
  u32 map_flags = 0;
  std::array<char, 16> name{};
  u32 ifindex = 0;
  u32 btf_vmlinux_value_type_id = 0;
};

// struct bpf_btf_info.
struct btf_info_raw {
  u64 btf = 0;
  u32 btf_size = 0;
  u32 id = 0;
  u64 name = 0;
  u32 name_len = 0;
  u32 kernel_btf = 0;
};

}  // namespace bpflink::kernel
