// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/error.hpp"
#include "bpflink/map.hpp"

namespace bpflink::detail {

struct attachment;

// Swaps the map of a link, unless it is the one that the link has.
[[nodiscard]] expected<void> update_map_of_link(attachment& held, map_ref next, const map_ref* expected_old) noexcept;

}  // namespace bpflink::detail
