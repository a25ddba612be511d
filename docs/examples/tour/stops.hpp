// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "row.hpp"
#include "world.hpp"

// The stops of the tour: each attaches a program at one hook, shows its effect, and detaches it.
namespace tour {

using stop = row (*)(const world&);

[[nodiscard]] row cgroup_stop(const world& here);
[[nodiscard]] row socket_lookup_stop(const world& here);
[[nodiscard]] row flow_dissector_stop(const world& here);
[[nodiscard]] row xdp_stop(const world& here);
[[nodiscard]] row raw_attach_stop(const world& here);

[[nodiscard]] row iterator_stop(const world& here);
[[nodiscard]] row raw_tracepoint_stop(const world& here);
[[nodiscard]] row tracepoint_stop(const world& here);
[[nodiscard]] row uprobe_multi_stop(const world& here);
[[nodiscard]] row raw_link_stop(const world& here);

}  // namespace tour
