// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "bpflink/bounded_string.hpp"
#include "bpflink/fd.hpp"
#include "failure.hpp"
#include "kernel/abi_info.hpp"

// What a struct_ops map is, has in it, and registers.
namespace bpflink::explain {

[[nodiscard]] bool is_struct_ops_map(fd_ref map) noexcept;

struct struct_ops_map {
  kernel::map_info_raw info;
  std::optional<kernel::u32> state;  // nothing where the kernel does not tell
  bounded_string<64> name;           // what it registers: "bpf_cubic"; empty where its table has no names, or no value
};
// Nothing for what is no struct_ops map.
[[nodiscard]] std::optional<struct_ops_map> struct_ops_map_of(fd_ref map) noexcept;
[[nodiscard]] std::optional<struct_ops_map> struct_ops_map_of(kernel::u32 id) noexcept;

// The name in a value of this type, by the kernel's BTF: of what has one, the member "name" of the table.
[[nodiscard]] bounded_string<64> name_in(std::span<const std::byte> value, kernel::u32 type) noexcept;
// "tcp_congestion_ops": the table that a value of this type is for.
[[nodiscard]] bounded_string<64> table_of(kernel::u32 type) noexcept;

// "map 'cubic' (id 5)", as far as the kernel tells.
[[nodiscard]] text describe_map(fd_ref map) noexcept;
[[nodiscard]] text describe_map(const kernel::map_info_raw& info) noexcept;

// The descriptor is closed, is of no map, or of a map of another type. `which` names it: "map", "expected old map".
[[nodiscard]] std::optional<diagnosis> unfit_struct_ops_map(fd_ref map, std::string_view which = "map") noexcept;
// It is one, but no link can have it: made without BPF_F_LINK, or without a value yet.
[[nodiscard]] std::optional<diagnosis> unready_struct_ops_map(fd_ref map) noexcept;

}  // namespace bpflink::explain
