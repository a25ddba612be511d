// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "explain/names.hpp"

namespace bpflink::explain {

// The raw tracepoints of the kernel and its modules whose names are near: from their BTF, or where that is missing,
// from tracefs.
[[nodiscard]] nearest_names nearest_raw_tracepoints(std::string_view wanted) noexcept;

}  // namespace bpflink::explain
