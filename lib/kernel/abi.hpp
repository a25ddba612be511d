// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

// The attributes of bpf(2), one structure for each use: the kernel's layout, padding named and zero, and no longer than
// that use needs, so that an older kernel takes it. A test compares them with the running kernel's BTF.
namespace bpflink::kernel {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using s32 = std::int32_t;
using u64 = std::uint64_t;

// bpf(2) takes pointers as 64-bit numbers, on 32-bit machines too.
[[nodiscard]] inline u64 pointer(const void* address) noexcept { return reinterpret_cast<std::uintptr_t>(address); }

// A descriptor as attributes carry it; "none" becomes a number that is never open.
[[nodiscard]] constexpr u32 descriptor(int raw) noexcept { return static_cast<u32>(raw); }

enum class command : u32 {
  map_create = 0,
  map_lookup_elem = 1,
  map_update_elem = 2,
  map_delete_elem = 3,
  prog_load = 5,
  obj_pin = 6,
  obj_get = 7,
  prog_attach = 8,
  prog_detach = 9,
  prog_get_next_id = 11,
  prog_get_fd_by_id = 13,
  map_get_fd_by_id = 14,
  obj_get_info_by_fd = 15,
  prog_query = 16,
  raw_tracepoint_open = 17,
  btf_get_fd_by_id = 19,
  btf_get_next_id = 23,
  link_create = 28,
  link_update = 29,
  link_get_fd_by_id = 30,
  link_get_next_id = 31,
  iter_create = 33,
  link_detach = 34,
};

// Flags of BPF_PROG_ATTACH, BPF_LINK_UPDATE and BPF_PROG_QUERY.
inline constexpr u32 flag_allow_override = 1U << 0;
inline constexpr u32 flag_allow_multi = 1U << 1;
inline constexpr u32 flag_replace = 1U << 2;
inline constexpr u32 flag_before = 1U << 3;
inline constexpr u32 flag_after = 1U << 4;
inline constexpr u32 flag_id = 1U << 5;
inline constexpr u32 flag_preorder = 1U << 6;
inline constexpr u32 flag_link = 1U << 13;
inline constexpr u32 flag_query_effective = 1U << 0;

// Flag of netfilter links: BPF_F_NETFILTER_IP_DEFRAG.
inline constexpr u32 netfilter_defragment = 1U << 0;

struct link_create_attr {
  u32 prog_fd = 0;
  u32 target = 0;  // target_fd or target_ifindex
  u32 attach_type = 0;
  u32 flags = 0;
};

struct link_create_iterator_attr {
  link_create_attr base;
  u64 iter_info = 0;
  u32 iter_info_len = 0;
  u32 padding = 0;
};

struct link_create_perf_event_attr {
  link_create_attr base;
  u64 bpf_cookie = 0;
};

struct link_create_tracing_attr {
  link_create_attr base;
  u32 target_btf_id = 0;
  u32 padding = 0;
  u64 cookie = 0;
};

struct link_create_uprobe_multi_attr {
  link_create_attr base;
  u64 path = 0;
  u64 offsets = 0;
  u64 ref_ctr_offsets = 0;
  u64 cookies = 0;
  u32 cnt = 0;
  u32 flags = 0;
  u32 pid = 0;
  u32 padding = 0;
};

struct link_create_netfilter_attr {
  link_create_attr base;
  u32 pf = 0;
  u32 hooknum = 0;
  s32 priority = 0;
  u32 flags = 0;
};

struct link_create_ordered_attr {  // tcx, netkit, cgroup
  link_create_attr base;
  u32 relative = 0;  // relative_fd or relative_id
  u32 padding = 0;
  u64 expected_revision = 0;
};

struct iterator_map_parameters {
  u32 map_fd = 0;
};
struct iterator_cgroup_parameters {
  u32 order = 0;
  u32 cgroup_fd = 0;
  u64 cgroup_id = 0;
};
struct iterator_task_parameters {
  u32 tid = 0;
  u32 pid = 0;
  u32 pid_fd = 0;
};

struct link_update_attr {
  u32 link_fd = 0;
  u32 new_prog_fd = 0;  // new_map_fd for struct_ops
  u32 flags = 0;
  u32 old_prog_fd = 0;  // old_map_fd for struct_ops
};

struct link_detach_attr {
  u32 link_fd = 0;
};

struct iter_create_attr {
  u32 link_fd = 0;
  u32 flags = 0;
};

struct prog_attach_attr {
  u32 target = 0;  // target_fd or target_ifindex
  u32 attach_bpf_fd = 0;
  u32 attach_type = 0;
  u32 attach_flags = 0;
  u32 replace_bpf_fd = 0;
  u32 relative = 0;  // relative_fd or relative_id
  u64 expected_revision = 0;
};

struct prog_query_attr {
  u32 target = 0;  // target_fd or target_ifindex
  u32 attach_type = 0;
  u32 query_flags = 0;
  u32 attach_flags = 0;
  u64 prog_ids = 0;
  u32 count = 0;
  u32 padding = 0;
  u64 prog_attach_flags = 0;
  u64 link_ids = 0;
  u64 link_attach_flags = 0;
  u64 revision = 0;
};

struct raw_tracepoint_attr {
  u64 name = 0;
  u32 prog_fd = 0;
  u32 padding = 0;
};

struct raw_tracepoint_cookie_attr {
  raw_tracepoint_attr base;
  u64 cookie = 0;
};

struct object_path_attr {
  u64 pathname = 0;
  u32 bpf_fd = 0;
  u32 file_flags = 0;
};

struct by_id_attr {
  u32 id = 0;
  u32 next_id = 0;
  u32 open_flags = 0;
};

struct object_info_attr {
  u32 bpf_fd = 0;
  u32 info_len = 0;
  u64 info = 0;
};

struct prog_load_attr {
  u32 prog_type = 0;
  u32 insn_cnt = 0;
  u64 insns = 0;
  u64 license = 0;
  u32 log_level = 0;
  u32 log_size = 0;
  u64 log_buf = 0;
  u32 kern_version = 0;
  u32 prog_flags = 0;
  std::array<char, 16> prog_name{};
  u32 prog_ifindex = 0;
  u32 expected_attach_type = 0;
  u32 prog_btf_fd = 0;
  u32 func_info_rec_size = 0;
  u64 func_info = 0;
  u32 func_info_cnt = 0;
  u32 line_info_rec_size = 0;
  u64 line_info = 0;
  u32 line_info_cnt = 0;
  u32 attach_btf_id = 0;
  u32 attach_object_fd = 0;  // attach_prog_fd or attach_btf_obj_fd
  u32 padding = 0;
};

inline constexpr u32 map_type_struct_ops = 26;
inline constexpr u32 map_flag_link = 1U << 13;  // BPF_F_LINK: struct_ops that a link registers

struct map_create_attr {
  u32 map_type = 0;
  u32 key_size = 0;
  u32 value_size = 0;
  u32 max_entries = 0;
};

// For maps whose value is a kernel's table of functions.
struct map_create_struct_ops_attr {
  map_create_attr base;
  u32 map_flags = 0;
  u32 inner_map_fd = 0;
  u32 numa_node = 0;
  std::array<char, 16> map_name{};
  u32 map_ifindex = 0;
  u32 btf_fd = 0;
  u32 btf_key_type_id = 0;
  u32 btf_value_type_id = 0;
  u32 btf_vmlinux_value_type_id = 0;
};

struct map_element_attr {
  u32 map_fd = 0;
  u32 padding = 0;
  u64 key = 0;
  u64 value = 0;
  u64 flags = 0;
};

// What the value of a struct_ops map begins with: struct bpf_struct_ops_common_value.
struct struct_ops_value_head {
  u32 refcnt = 0;
  u32 state = 0;
};

// enum bpf_struct_ops_state.
inline constexpr u32 struct_ops_not_filled = 0;
inline constexpr u32 struct_ops_registered = 1;
inline constexpr u32 struct_ops_unregistered = 2;
inline constexpr u32 struct_ops_ready = 3;

}  // namespace bpflink::kernel
