// SPDX-License-Identifier: MIT
// What every kind of link does: each kind describes itself once (contract_kinds.cpp) and runs through all of it.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/xdp.hpp"
#include "bpflink/link.hpp"
#include "helpers.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"

namespace bpflink {

/// A kind of link: where it is attached, what makes its program run, how its target goes.
template <class Link>
struct kind_case {
  link_type type;              ///< What the library calls it.
  std::uint32_t number;        ///< What the kernel calls it.
  test::kernel_version since;  ///< The first kernel that has links of this kind.
  /// Another program that fits, each time; for kinds that have a map, a map.
  std::function<test::counted_program()> load;
  /// Attaches it to the case's own target.
  std::function<expected<Link>(program_ref)> attach;
  /// Makes an attached program run; the descriptor is the link's, or -1 once there is none.
  std::function<void(int link)> trigger;
  /// Takes the target away, for good; empty where it cannot go.
  std::function<void()> lose_target = {};
  /// Whether link_info::defunct() tells.
  bool tells_defunct = false;
  /// Whether the target takes one link at a time.
  bool one_at_a_time = false;
  /// The first kernel that detaches links of this kind.
  test::kernel_version detach_since = {5, 9};
};

using any_case = kind_case<link_handle>;

namespace contract {

/// How often the program ran for one trigger.
std::uint64_t runs(const any_case& kind, const test::counted_program& program, const link_handle& link);
link_handle attached(const any_case& kind, const test::counted_program& program);
/// Whether links of the kind are updated, by a program or a map.
inline bool updatable(const any_case& kind) {
  const auto can = capabilities_of(kind.type);
  return can.update || can.update_map;
}
/// To another program, or to another map where that is what the kind has.
expected<void> update(const any_case& kind, link_handle& link, fd_ref next);
expected<void> update(const any_case& kind, link_handle& link, fd_ref next, fd_ref expected_old);
inline bool detachable(const any_case& kind) {
  return capabilities_of(kind.type).detach && test::at_least(kind.detach_since.release, kind.detach_since.minor);
}

/// Creation, information, update, detach.
void check_operations(const any_case& kind);
/// Pins, ids, descriptors, moves, the end. Last, as it takes the target away.
void check_lifetime(const any_case& kind);

inline std::uint32_t id_of(fd_ref link) { return test::info_of_link(link.get()).id(); }

/// Another descriptor of the same link, below the library's back.
unique_fd second_descriptor(fd_ref link);

template <class Link>
using other_kind = std::conditional_t<std::is_same_v<Link, cgroup_link>, xdp_link, cgroup_link>;

template <class Link>
void check_typed_openers(const kind_case<Link>& kind) {
  const test::bpffs_fixture directory;
  const auto path = directory / "pin";
  const auto program = kind.load();
  auto link = kind.attach(borrow(program));
  REQUIRE(sentence(link) == "");
  const auto id = id_of(link->fd());
  REQUIRE(sentence(link->pin(path)) == "");

  const auto same = [id](const expected<Link>& opened) {
    REQUIRE(sentence(opened) == "");
    CHECK(id_of(opened->fd()) == id);
    CHECK(opened->mechanism() == mechanism::link);
    CHECK(opened->fd().get() > 2);
  };
  same(Link::open_pinned(path));
  same(Link::from_id(link_id{id}));
  same(Link::adopt(second_descriptor(link->fd())));

  // The descriptor that was opened is closed again: the listener of each test case would see it.
  using other = other_kind<Link>;
  const auto wrong = [](const auto& opened) {
    REQUIRE_FALSE(opened);
    CHECK(opened.error() == errc::wrong_type);
    CHECK(opened.error().cause() == cause::wrong_link_type);
  };
  wrong(other::open_pinned(path));
  wrong(other::from_id(link_id{id}));
  auto second = second_descriptor(link->fd());
  const int number = second.get();
  wrong(other::adopt(std::move(second)));
  CHECK(test::info_of_link(number).error != 0);
  // The file of a pin that is gone may hold the link for a moment still, and with it the place.
  if constexpr (Link::capabilities.detach) {
    if (test::at_least(kind.detach_since.release, kind.detach_since.minor)) CHECK(sentence(link->detach()) == "");
  }
}

template <class Link>
void check_typed_moves(const kind_case<Link>& kind) {
  static_assert(!std::is_copy_constructible_v<Link> && !std::is_copy_assignable_v<Link>);
  static_assert(std::is_nothrow_move_constructible_v<Link> && std::is_nothrow_move_assignable_v<Link>);
  static_assert(std::is_convertible_v<Link&&, link_handle> && !std::is_convertible_v<const Link&, link_handle>);
  CHECK(Link::kind == kind.type);
  CHECK(Link::capabilities.update == capabilities_of(kind.type).update);

  const auto program = kind.load();
  auto attached = kind.attach(borrow(program));
  REQUIRE(sentence(attached) == "");
  const auto id = id_of(attached->fd());
  Link moved = *std::move(attached);
  CHECK(moved);
  CHECK_FALSE(*attached);
  CHECK(attached->info().error() == errc::bad_handle);
  CHECK(id_of(moved.fd()) == id);
  link_handle handle = std::move(moved);
  CHECK_FALSE(moved);
  CHECK(handle.type() == kind.type);
  CHECK(id_of(handle.fd()) == id);
  if constexpr (Link::capabilities.update) CHECK(moved.update(borrow(program)).error() == errc::bad_handle);
  if constexpr (Link::capabilities.update_map) CHECK(moved.update(map_ref{ref(program)}).error() == errc::bad_handle);
  if constexpr (Link::capabilities.detach) CHECK(moved.detach().error() == errc::bad_handle);
}

// Before there were links of the kind there may be an older mechanism, which says what it is, or not even programs.
template <class Link>
void check_older_kernel(const kind_case<Link>& kind) {
  std::optional<test::counted_program> program;
  try {
    program = kind.load();
  } catch (const std::exception& refused) {
    WARN("no programs for it in this kernel: " << refused.what());
    return;
  }
  const auto attached = kind.attach(borrow(*program));
  if (attached) {
    CHECK(attached->mechanism() != mechanism::link);
    CHECK(attached->info().error() == errc::not_supported);
  } else {
    CHECK(attached.error() == errc::not_supported);
  }
}

}  // namespace contract

/// The whole contract.
template <class Link>
void check_contract(const kind_case<Link>& kind) {
  if (!test::at_least(kind.since.release, kind.since.minor)) {
    contract::check_older_kernel(kind);
    return;
  }
  // Link information, by which all of this looks, came a version later than the first links.
  if (!test::at_least(5, 8)) return;
  if constexpr (!std::is_same_v<Link, link_handle>) {
    contract::check_typed_openers(kind);
    contract::check_typed_moves(kind);
  }
  const any_case any{.type = kind.type,
                     .number = kind.number,
                     .since = kind.since,
                     .load = kind.load,
                     .attach = [&kind](program_ref program) -> expected<link_handle> {
                       auto link = kind.attach(program);
                       if (!link) return tl::unexpected(link.error());
                       return *std::move(link);
                     },
                     .trigger = kind.trigger,
                     .lose_target = kind.lose_target,
                     .tells_defunct = kind.tells_defunct,
                     .one_at_a_time = kind.one_at_a_time,
                     .detach_since = kind.detach_since};
  contract::check_operations(any);
  contract::check_lifetime(any);
}

}  // namespace bpflink
