// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/position.hpp"
#include "explain/cgroup_refusal.hpp"
#include "explain/place.hpp"
#include "failure.hpp"

// Why a position, a revision or preorder was refused at a cgroup.
namespace bpflink::explain {

// Whether anything was asked for that came with order among a cgroup's programs.
[[nodiscard]] bool asks_for_order(const cgroup_request& asked) noexcept;
// This kernel has no such order, or not by this call.
[[nodiscard]] std::optional<diagnosis> missing_order(const cgroup_request& asked, kernel::failure failed) noexcept;
// What is against the position, where the kernel knows positions, and the program and the cgroup are right.
[[nodiscard]] std::optional<diagnosis> unfit_order(const cgroup_request& asked, kernel::failure failed) noexcept;

// A position relative to a program, told by the link that holds it there, as the kernel wants it of links to cgroups.
// Nothing where the position is relative to something else, the kernel has no order, or no such link is found.
[[nodiscard]] std::optional<position> by_link_of_anchor(const place& there, const order& asked) noexcept;
// Why the kernel refused to have it told by the program.
[[nodiscard]] diagnosis unnamed_link() noexcept;

}  // namespace bpflink::explain
