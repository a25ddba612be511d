// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "bpflink/position.hpp"
#include "failure.hpp"
#include "kernel/abi.hpp"

// Positions and revisions as the kernel's attributes carry them.
namespace bpflink::detail {

// The hooks' door into positions.
struct position_access {
  using sort = anchor::sort;

  [[nodiscard]] static kernel::u32 side(const position& where) noexcept {
    return where.side_ == position::side::before ? kernel::flag_before : kernel::flag_after;
  }
  [[nodiscard]] static sort sort_of(const position& where) noexcept { return where.anchor_.sort_; }
  [[nodiscard]] static fd_ref descriptor(const position& where) noexcept { return where.anchor_.descriptor_; }
  [[nodiscard]] static std::uint32_t id(const position& where) noexcept { return where.anchor_.id_; }
};

}  // namespace bpflink::detail

namespace bpflink::hooks {

struct placement {
  kernel::u32 flags = 0;
  kernel::u32 relative = 0;  // relative_fd or relative_id
};

[[nodiscard]] inline placement placement_of(const std::optional<position>& where) noexcept {
  using access = detail::position_access;
  if (!where) return {};
  const auto sort = access::sort_of(*where);
  const auto side = access::side(*where);
  if (sort == access::sort::none || sort == access::sort::no_link) return {side, 0};
  const bool by_link = sort == access::sort::link || sort == access::sort::link_by_id;
  const bool by_id = sort == access::sort::link_by_id || sort == access::sort::program_by_id;
  return {side | (by_link ? kernel::flag_link : 0) | (by_id ? kernel::flag_id : 0),
          by_id ? access::id(*where) : kernel::descriptor(access::descriptor(*where).get())};
}

[[nodiscard]] inline kernel::u64 number_of(const std::optional<revision>& expected) noexcept {
  return expected ? expected->value() : 0;
}

// What the kernel would take for no order at all, or could not be asked about: a position relative to an empty handle,
// to what is no link, or to descriptor 0, which would make "before this one" out of "before all"; revision 0.
[[nodiscard]] inline bool says_nothing(const std::optional<position>& where,
                                       const std::optional<revision>& expected) noexcept {
  using access = detail::position_access;
  if (expected && expected->value() == 0) return true;
  if (!where) return false;
  const auto sort = access::sort_of(*where);
  const bool by_descriptor = sort == access::sort::link || sort == access::sort::program;
  return sort == access::sort::no_link || (by_descriptor && access::descriptor(*where).get() <= 0);
}
// Why it is refused: for its position, or else for its revision.
[[nodiscard]] diagnosis no_order(const std::optional<position>& where) noexcept;

// At a cgroup: before 6.17 the kernel passes over a revision without a word, but over no flag. So a revision alone is
// sent with the position that is meant by none.
[[nodiscard]] inline placement placement_in_cgroup(const std::optional<position>& where,
                                                   const std::optional<revision>& expected, bool preorder) noexcept {
  auto place = placement_of(where);
  if (expected && !where) place.flags |= kernel::flag_after;
  if (preorder) place.flags |= kernel::flag_preorder;
  return place;
}

// The same side of a link.
[[nodiscard]] inline position beside(const position& where, link_id link) noexcept {
  const bool before = detail::position_access::side(where) == kernel::flag_before;
  return before ? position::before(link) : position::after(link);
}

}  // namespace bpflink::hooks
