// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/ids.hpp"
#include "bpflink/position.hpp"
#include "explain/place.hpp"
#include "failure.hpp"

// Why a position or a revision was refused: tcx, netkit, cgroups.
namespace bpflink::explain {

// "the link with id 5", "program 'drop' (id 17)".
[[nodiscard]] text describe_anchor(const position& where) noexcept;
// The position's program, where it is relative to one; nothing where its descriptor is of none.
[[nodiscard]] std::optional<program_id> program_of_anchor(const position& where) noexcept;
// What the kernel tells of the position's link; nothing where it has none.
[[nodiscard]] std::optional<kernel::link_info_raw> link_of_anchor(const position& where) noexcept;

// What is wrong with the position's link or program by itself: closed, of another kind, no such id.
[[nodiscard]] std::optional<diagnosis> unfit_anchor(const order& asked) noexcept;
// Of a hook at `there`: the anchor is not attached, the revision is another.
[[nodiscard]] std::optional<diagnosis> refused_order(const place& there, const order& asked,
                                                     kernel::failure failed) noexcept;

// The link that holds the position's program at a cgroup's hook, where the kernel wants it named. Nothing where the
// position is relative to something else, or no link holds it; an error where more than one does, or links may not be
// looked at.
[[nodiscard]] tl::expected<std::optional<link_id>, diagnosis> link_holding_anchor(const place& there,
                                                                                  const order& asked) noexcept;

}  // namespace bpflink::explain
