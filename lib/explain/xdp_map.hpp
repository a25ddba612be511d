// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/program.hpp"
#include "failure.hpp"
#include "kernel/map.hpp"

// Maps whose entries have XDP programs.
namespace bpflink::explain {

// Packets. A queue has room for one at least.
inline constexpr kernel::u32 shortest_queue = 1;

// Whether the kernel takes a program for the entries of such a map: it is entered in one of our own, for a moment.
// `first` is an interface that is there, or a queue's size. Nothing where no map could be made.
[[nodiscard]] std::optional<bool> fits_entry(program_ref program, kernel::u32 map_type, kernel::u32 first) noexcept;

// What was asked of a map. `first` as above.
struct entry_request {
  fd_ref map;
  kernel::u32 key;
  kernel::u32 first;
  std::optional<program_ref> program;
  bool cpu;  // else a device
};
[[nodiscard]] inline bool is_of_right_type(const entry_request& asked, const kernel::map_info_raw& shape) noexcept {
  if (asked.cpu) return shape.type == kernel::map_type_cpumap;
  return shape.type == kernel::map_type_devmap || shape.type == kernel::map_type_devmap_hash;
}

// The descriptor is closed, of no map, or of one whose entries are others. `shape` is what it says of itself.
[[nodiscard]] diagnosis unfit_entry_map(const entry_request& asked, const kernel::map_info_raw& shape) noexcept;
// What the kernel refused to tell about, or to write into, a map of the right type.
[[nodiscard]] diagnosis unknown_entry_map(const entry_request& asked, kernel::failure failed) noexcept;
[[nodiscard]] diagnosis refused_entry(const entry_request& asked, const kernel::map_info_raw& shape,
                                      kernel::failure failed) noexcept;

}  // namespace bpflink::explain
