// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/fd.hpp"
#include "kernel/bpf.hpp"

// What maps are made of.
namespace bpflink::kernel {

inline constexpr u32 map_type_devmap = 14;
inline constexpr u32 map_type_sockmap = 15;
inline constexpr u32 map_type_cpumap = 16;
inline constexpr u32 map_type_sockhash = 18;
inline constexpr u32 map_type_devmap_hash = 25;

// Of a map's descriptor; those of other BPF objects give something else.
[[nodiscard]] inline result<map_info_raw> info_of_map(fd_ref map) noexcept {
  map_info_raw raw{};
  const auto told = obj_get_info(map.get(), &raw, sizeof raw);
  if (!told) return tl::unexpected(told.error());
  return raw;
}

// The value of an entry that can have an XDP program: struct bpf_devmap_val, struct bpf_cpumap_val.
struct xdp_entry_value {
  u32 first = 0;    // the interface, or the queue's size
  u32 program = 0;  // a descriptor when it is written, an id when it is read; 0 for none
};

}  // namespace bpflink::kernel
