// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "bpflink/fd.hpp"
#include "failure.hpp"
#include "kernel/map.hpp"

// Maps by their descriptors.
namespace bpflink::explain {

// The descriptor is closed, or that of something else; `which` names it: "map", "expected old map", "target".
[[nodiscard]] std::optional<diagnosis> no_map(fd_ref map, std::string_view which = "map") noexcept;

// What a map says of itself; nothing for what is none, or does not say.
[[nodiscard]] std::optional<kernel::map_info_raw> told_of_map(fd_ref map) noexcept;
[[nodiscard]] std::optional<kernel::u32> id_of_map(fd_ref map) noexcept;

}  // namespace bpflink::explain
