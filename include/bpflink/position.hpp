// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/link.hpp"
#include "bpflink/program.hpp"

namespace bpflink {

namespace detail {
struct position_access;
}
class position;

/// Whether links of a kind stand in an order: cgroup, tcx, netkit.
[[nodiscard]] constexpr bool is_ordered(link_type kind) noexcept {
  return kind == link_type::cgroup || kind == link_type::tcx || kind == link_type::netkit;
}

/// Something attached at an ordered hook, by which a position is told: a link, a program, or the id of either. Borrowed
/// from the living for the length of the call.
///
/// A program that is attached to a cgroup by a link is found there by its link, as the kernel wants it named.
class anchor {
 public:
  /// A link of any kind; one that is not attached at the hook is refused with not_found.
  anchor(const link_handle& link) noexcept : sort_{sort_of(link)}, descriptor_{link.fd()} {}
  anchor(const link_handle&&) = delete;
  /// A link of a kind that stands in an order.
  template <link_type Kind>
  requires(is_ordered(Kind)) anchor(const typed_link<Kind>& link)
  noexcept : sort_{sort_of(link)}, descriptor_{link.fd()} {}
  template <link_type Kind>
  anchor(const typed_link<Kind>&&) = delete;
  /// A program attached there.
  anchor(program_ref program) noexcept : sort_{sort::program}, descriptor_{program.fd()} {}
  /// A program attached there.
  anchor(const program& owner) noexcept : anchor{program_ref{owner}} {}
  anchor(const program&&) = delete;
  /// The link with this id.
  anchor(link_id id) noexcept : sort_{sort::link_by_id}, id_{id.value()} {}
  /// The program with this id.
  anchor(program_id id) noexcept : sort_{sort::program_by_id}, id_{id.value()} {}

 private:
  friend struct detail::position_access;
  friend class position;
  enum class sort : std::uint8_t { none, link, program, link_by_id, program_by_id, no_link };
  anchor() noexcept = default;
  // What an older mechanism holds has no place in the order.
  template <class Link>
  [[nodiscard]] static sort sort_of(const Link& link) noexcept {
    return link && !link.fd() ? sort::no_link : sort::link;
  }

  sort sort_ = sort::none;
  fd_ref descriptor_;
  std::uint32_t id_ = 0;
};

/// A place in the order of a hook: tcx, netkit, and cgroups since Linux 6.17 (in some distributions earlier; see
/// feature::cgroup_order). Programs run in that order.
class position {
 public:
  /// Before all that are there.
  [[nodiscard]] static position first() noexcept { return {side::before, anchor{}}; }
  /// Behind all that are there.
  [[nodiscard]] static position last() noexcept { return {side::after, anchor{}}; }
  /// Right before one that is there.
  [[nodiscard]] static position before(anchor other) noexcept { return {side::before, other}; }
  /// Right behind one that is there.
  [[nodiscard]] static position after(anchor other) noexcept { return {side::after, other}; }

  /// The place of a program that is attached there without a link and goes in the same instant. Only what is attached
  /// without a link has such a place to give and to take: links swap their program by update().
  class replacement {
   public:
    /// The program that goes.
    [[nodiscard]] program_ref program() const noexcept { return program_; }

   private:
    friend class position;
    explicit replacement(program_ref program) noexcept : program_{program} {}
    program_ref program_;
  };
  /// The place of another program, for attach_program().
  [[nodiscard]] static replacement replacing(program_ref other) noexcept { return replacement{other}; }

 private:
  friend struct detail::position_access;
  enum class side : std::uint8_t { before, after };
  position(side where, anchor other) noexcept : side_{where}, anchor_{other} {}

  side side_;
  anchor anchor_;
};

}  // namespace bpflink
