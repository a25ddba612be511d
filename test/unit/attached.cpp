// SPDX-License-Identifier: MIT
#include "bpflink/attached.hpp"

#include <fmt/format.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpflink/attach/raw_query.hpp"
#include "bpflink/format.hpp"
#include "bpflink/position.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/constants.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

using test::expect;
using test::expect_equal;

static_assert(std::forward_iterator<attached_programs::iterator>);
static_assert(std::ranges::forward_range<const attached_programs>);
static_assert(std::ranges::sized_range<const attached_programs>);
static_assert(std::is_nothrow_move_constructible_v<attached_programs>);
static_assert(std::is_nothrow_move_assignable_v<attached_programs>);
static_assert(!std::is_copy_constructible_v<attached_programs>);
static_assert(std::is_nothrow_default_constructible_v<attached_programs>);

void write(std::uint64_t to, std::size_t offset, std::uint32_t value) {
  std::memcpy(reinterpret_cast<std::byte*>(to) + offset, &value, sizeof value);
}

// What a hook of an interface with so many programs answers: program 1000 by link 2000, program 1001 without, ...
test::verdict answer(const test::observed_call& call, std::uint32_t count) {
  if (call.command() != test::command::prog_query) return test::verdict::proceed();
  const auto attr = call.arguments[1];
  write(attr, 24, count);
  write(attr, 56, 7);
  if (call.at(24) < count) return test::verdict::fail(ENOSPC);
  for (std::uint32_t place = 0; place < count; ++place) {
    write(call.at<std::uint64_t>(16), place * sizeof(std::uint32_t), 1000 + place);
    write(call.at<std::uint64_t>(40), place * sizeof(std::uint32_t), place % 2 == 0 ? 2000 + place : 0);
  }
  return test::verdict::give(0);
}

attached_programs filled(test::syscall_supervisor& supervisor, std::uint32_t count) {
  std::optional<expected<attached_programs>> found;
  supervisor.with_handler(
      [count](const test::observed_call& call) { return answer(call, count); },
      [&] { found.emplace(query(raw_query{.target = ifindex{1}, .hook = attach_type::tcx_ingress})); });
  expect(found->has_value(), "not told");
  return **std::move(found);
}

void expect_rows(const attached_programs& all, std::uint32_t count) {
  expect_equal(static_cast<long>(all.size()), static_cast<long>(count));
  expect(all.empty() == (count == 0));
  expect_equal(std::ranges::distance(all), static_cast<long>(count));
  std::uint32_t place = 0;
  for (const auto& row : all) {
    expect(row.program == program_id{1000 + place}, "another program");
    expect(row.link == (place % 2 == 0 ? std::optional{link_id{2000 + place}} : std::nullopt), "another link");
    expect(all[place].program == row.program);
    ++place;
  }
}

}  // namespace

TEST_CASE("attached_programs: nothing by default", "[attached]") {
  const attached_programs none;
  CHECK(none.empty());
  CHECK(none.size() == 0);
  CHECK(none.begin() == none.end());
  CHECK_FALSE(none.contains(program_id{1}));
  CHECK_FALSE(none.revision());
  CHECK_FALSE(none.mode());
  CHECK(attached_programs::iterator{} == attached_programs::iterator{});
  CHECK(to_string(attached_view::here) == "here");
  CHECK(to_string(attached_view::effective) == "effective");
}

TEST_CASE("attached_programs: rows, moves and algorithms, inside and on the heap", "[attached]") {
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([] {
          test::syscall_supervisor supervisor{std::vector<long>{SYS_bpf}};
          for (const std::uint32_t count : {0U, 1U, 63U, 64U, 65U, 128U, 129U, 1000U}) {
            auto all = filled(supervisor, count);
            expect_rows(all, count);
            expect(all.revision() == revision{7});
            expect(all.contains(program_id{1000}) == (count > 0));
            expect(!all.contains(program_id{1000 + count}));
            const auto without =
                std::ranges::count_if(all, [](const attached_program& row) { return !row.link.has_value(); });
            expect_equal(without, static_cast<long>(count / 2));
            const auto last = std::ranges::find_if(
                all, [&](const attached_program& row) { return row.program == program_id{999 + count}; });
            expect((last != all.end()) == (count > 0));

            attached_programs moved{std::move(all)};
            expect_rows(moved, count);
            // NOLINTNEXTLINE(bugprone-use-after-move): what is left is documented
            expect_rows(all, 0);
            expect(!all.revision());
            auto other = filled(supervisor, 70);
            other = std::move(moved);
            expect_rows(other, count);
            auto few = filled(supervisor, 2);
            few = std::move(other);
            expect_rows(few, count);
            auto& itself = few;
            few = std::move(itself);
            expect_rows(few, count);
          }
        }).failure() == "");
}

TEST_CASE("attached_programs: as lines", "[attached][format]") {
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([] {
          test::syscall_supervisor supervisor{std::vector<long>{SYS_bpf}};
          expect_equal(fmt::format("{}", filled(supervisor, 1)), "1 program, revision 7\nprogram 1000 by link 2000");
          expect_equal(fmt::format("{}", filled(supervisor, 3)),
                       "3 programs, revision 7\nprogram 1000 by link 2000\nprogram 1001\nprogram 1002 by link 2002");
        }).failure() == "");
}

TEST_CASE("attached_programs: an iterator goes by value and comes back", "[attached]") {
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([] {
          test::syscall_supervisor supervisor{std::vector<long>{SYS_bpf}};
          const auto all = filled(supervisor, 3);
          auto first = all.begin();
          auto copy = first++;
          expect(copy == all.begin() && first != copy);
          expect((*first).program == program_id{1001});
          expect(++copy == first);
          const std::vector<attached_program> rows(all.begin(), all.end());
          expect_equal(static_cast<long>(rows.size()), 3L);
        }).failure() == "");
}

TEST_CASE("retry_on_change: again only where the hook has changed", "[attached]") {
  const bpf_error stale = [] {
    // Any error of the library's own that is none.
    const auto refused = query(raw_query{.target = ifindex{1}, .hook = attach_type::cgroup_device});
    return refused.error();
  }();
  int asked = 0;
  const auto ask = [&asked]() -> expected<attached_programs> {
    ++asked;
    return attached_programs{};
  };
  SECTION("it works") {
    const expected<int> done =
        retry_on_change(ask, [](const attached_programs& now) -> expected<int> { return now.empty() ? 5 : 6; });
    REQUIRE(done);
    CHECK(*done == 5);
    CHECK(asked == 1);
  }
  SECTION("another error ends it") {
    const auto done =
        retry_on_change(ask, [&stale](const attached_programs&) -> expected<int> { return tl::unexpected(stale); });
    REQUIRE_FALSE(done);
    CHECK(done.error().cause() == cause::bad_option);
    CHECK(asked == 1);
  }
  SECTION("so does one of the query's, before anything is done") {
    bool acted = false;
    const auto done = retry_on_change([&]() -> expected<attached_programs> { return tl::unexpected(stale); },
                                      [&acted](const attached_programs&) -> expected<void> {
                                        acted = true;
                                        return {};
                                      });
    REQUIRE_FALSE(done);
    CHECK_FALSE(acted);
  }
}

TEST_CASE("revision: a number of its own", "[attached]") {
  static_assert(!std::is_convertible_v<std::uint64_t, revision>);
  static_assert(!std::is_convertible_v<revision, std::uint64_t>);
  static_assert(!std::is_convertible_v<cookie, revision>);
  static_assert(revision{1} < revision{2});
  static_assert(revision{0xffffffffffffffff}.value() == 0xffffffffffffffff);
  SUCCEED();
}

TEST_CASE("position: made of what lives, and of one side", "[attached]") {
  static_assert(is_ordered(link_type::cgroup) && is_ordered(link_type::tcx) && is_ordered(link_type::netkit));
  static_assert(!is_ordered(link_type::xdp) && !is_ordered(link_type::netns));
  static_assert(std::is_constructible_v<anchor, const link_handle&>);
  static_assert(!std::is_constructible_v<anchor, link_handle>);
  static_assert(std::is_constructible_v<anchor, const typed_link<link_type::cgroup>&>);
  static_assert(!std::is_constructible_v<anchor, typed_link<link_type::cgroup>>);
  static_assert(!std::is_constructible_v<anchor, const typed_link<link_type::xdp>&>);
  static_assert(std::is_constructible_v<anchor, const program&>);
  static_assert(!std::is_constructible_v<anchor, program>);
  static_assert(!std::is_constructible_v<anchor, std::uint32_t>);
  static_assert(!std::is_default_constructible_v<position>);
  static_assert(!std::is_constructible_v<position, position::replacement>);
  static_assert(std::is_trivially_copyable_v<position>);
  SUCCEED();
}

}  // namespace bpflink
