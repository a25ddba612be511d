// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "bpflink/map.hpp"
#include "failure.hpp"
#include "kernel/abi_info.hpp"

// Why the kernel did not register a table of functions.
namespace bpflink::explain {

// By a link.
[[nodiscard]] diagnosis refused_struct_ops(map_ref map, kernel::failure failed) noexcept;
// By its value, or the value was not taken.
[[nodiscard]] diagnosis refused_struct_ops_value(map_ref map, std::span<const std::byte> value,
                                                 kernel::failure failed) noexcept;
// The map is asked before a value is written to it. Nothing where all is well.
[[nodiscard]] std::optional<diagnosis> unfit_struct_ops_value(map_ref map, const kernel::map_info_raw& info,
                                                              std::size_t size) noexcept;
// In the place of the map that a link has; `now` is the link's information.
[[nodiscard]] diagnosis refused_map(const std::optional<kernel::link_info_raw>& now, map_ref next,
                                    const map_ref* expected_old, kernel::failure failed) noexcept;

}  // namespace bpflink::explain
