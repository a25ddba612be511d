// SPDX-License-Identifier: MIT
#include "bpflink/link_traits.hpp"

#include <type_traits>
#include <utility>
#include <vector>

#include "bpflink/link.hpp"
#include "support/catch.hpp"

using namespace bpflink;

namespace {

template <class Link>
concept updatable = requires(Link link, program_ref next) {
  link.update(next);
};
template <class Link>
concept exactly_updatable = requires(Link link, program_ref next) {
  link.update(next, next);
};
template <class Link>
concept updatable_by_map = requires(Link link, map_ref next) {
  link.update(next);
  link.update(next, next);
};
template <class Link>
concept polled = requires(const Link link) {
  link.detached();
};
template <class Link>
concept detachable = requires(Link link) {
  link.detach();
};
template <class Link>
concept iterable = requires {
  &Link::open;
};
template <class Link>
concept lends_its_descriptor = requires(Link&& link) {
  std::forward<Link>(link).fd();
};
template <class Link>
concept gives_up_its_descriptor = requires(Link&& link) {
  std::forward<Link>(link).release();
};

// A typed link offers what its kind can do and nothing else; and all that every link has.
template <link_type Kind>
constexpr bool agrees() {
  using link = typed_link<Kind>;
  constexpr auto can = capabilities_of(Kind);
  static_assert(link::kind == Kind);
  static_assert(updatable<link> == can.update && exactly_updatable<link> == can.update);
  static_assert(updatable_by_map<link> == can.update_map && polled<link> == can.poll);
  static_assert(detachable<link> == can.detach);
  static_assert(iterable<link> == can.iterate);

  static_assert(std::is_nothrow_move_constructible_v<link> && std::is_nothrow_move_assignable_v<link>);
  static_assert(!std::is_copy_constructible_v<link> && !std::is_copy_assignable_v<link>);
  static_assert(!std::is_default_constructible_v<link>);
  static_assert(std::is_convertible_v<link&&, link_handle> && !std::is_convertible_v<link&, link_handle>);
  static_assert(!std::is_constructible_v<link, link_handle> && !std::is_convertible_v<link, bool>);
  static_assert(lends_its_descriptor<link&> && !lends_its_descriptor<link>);
  static_assert(gives_up_its_descriptor<link> && !gives_up_its_descriptor<link&>);
  return true;
}

template <std::uint32_t... Numbers>
constexpr bool all_agree(std::integer_sequence<std::uint32_t, Numbers...>) {
  return (agrees<static_cast<link_type>(Numbers)>() && ...);
}
static_assert(
    all_agree(std::make_integer_sequence<std::uint32_t, static_cast<std::uint32_t>(link_type::tracing_multi) + 1>{}));

// No kind's link becomes another kind's.
static_assert(!std::is_constructible_v<typed_link<link_type::xdp>, typed_link<link_type::cgroup>>);
static_assert(!std::is_assignable_v<typed_link<link_type::xdp>&, typed_link<link_type::cgroup>>);

// A handle of any kind has all of it but the reading.
static_assert(updatable<link_handle> && exactly_updatable<link_handle> && updatable_by_map<link_handle>);
static_assert(detachable<link_handle>);
static_assert(!iterable<link_handle>);
static_assert(std::is_nothrow_default_constructible_v<link_handle> &&
              std::is_nothrow_move_constructible_v<link_handle> && std::is_nothrow_move_assignable_v<link_handle>);
static_assert(!std::is_copy_constructible_v<link_handle> && !std::is_copy_assignable_v<link_handle>);
static_assert(lends_its_descriptor<link_handle&> && !lends_its_descriptor<link_handle>);
static_assert(gives_up_its_descriptor<link_handle> && !gives_up_its_descriptor<link_handle&>);

// Programs are borrowed from those who live on.
static_assert(std::is_convertible_v<const program&, program_ref> && !std::is_constructible_v<program_ref, program>);
static_assert(std::is_convertible_v<fd_ref, program_ref> && !std::is_constructible_v<program_ref, unique_fd>);
static_assert(!std::is_constructible_v<program_ref, int> && !std::is_default_constructible_v<program_ref>);
static_assert(!std::is_constructible_v<program_ref, const program> &&
              !std::is_constructible_v<program_ref, const unique_fd>);
static_assert(!std::is_copy_constructible_v<program> && !std::is_default_constructible_v<program>);

}  // namespace

TEST_CASE("link traits: rows as the kernel has them", "[link_traits]") {
  struct row {
    link_type kind;
    bool update, detach, iterate;
  };
  // A test against the kernel asks about those that can be made here.
  constexpr row rows[] = {
      {link_type::unspecified, false, false, false},
      {link_type::raw_tracepoint, false, false, false},
      {link_type::tracing, false, false, false},
      {link_type::cgroup, true, true, false},
      {link_type::iterator, true, false, true},
      {link_type::netns, true, true, false},
      {link_type::xdp, true, true, false},
      {link_type::perf_event, false, false, false},
      {link_type::kprobe_multi, false, false, false},
      {link_type::struct_ops, false, true, false},
      {link_type::netfilter, false, true, false},
      {link_type::tcx, true, true, false},
      {link_type::uprobe_multi, false, false, false},
      {link_type::netkit, true, true, false},
      {link_type::sockmap, true, true, false},
      {link_type::tracing_multi, false, false, false},
  };
  for (const auto& expected : rows) {
    INFO(to_string(expected.kind));
    const auto can = capabilities_of(expected.kind);
    CHECK(can.update == expected.update);
    CHECK(can.detach == expected.detach);
    CHECK(can.iterate == expected.iterate);
    CHECK(can.update_map == (expected.kind == link_type::struct_ops));
    CHECK(can.poll == (expected.kind == link_type::struct_ops));
  }
  const auto unknown = capabilities_of(static_cast<link_type>(4711));
  CHECK_FALSE((unknown.update || unknown.detach || unknown.iterate || unknown.update_map || unknown.poll));
}

TEST_CASE("link traits: a vector holds any mix", "[link_traits]") {
  std::vector<link_handle> links(3);
  links.emplace_back();
  for (const auto& link : links) {
    CHECK_FALSE(link);
    CHECK(link.type() == link_type::unspecified);
    CHECK(link.mechanism() == mechanism::none);
  }
}
