// SPDX-License-Identifier: MIT
#pragma once

#include <bpflink/bpflink.hpp>
#include <cstdint>
#include <string_view>

#include "../shared/counter.hpp"

// The programs of the chain. Each counts what it sees.
namespace chain {

using shared::counter;

inline constexpr std::int32_t next = -1;  // TCX_NEXT: the program behind decides
inline constexpr std::int32_t drop = 2;   // TCX_DROP

// Counts, and leaves the packet to the next one.
[[nodiscard]] bpflink::expected<bpflink::program> load_watcher(std::string_view name, const counter& seen);
// Counts, and drops packets of more bytes than this.
[[nodiscard]] bpflink::expected<bpflink::program> load_filter(std::string_view name, const counter& seen,
                                                              std::int32_t most_bytes);

}  // namespace chain
