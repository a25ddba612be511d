// SPDX-License-Identifier: MIT
// The order of programs, over both hooks of interfaces that have one: as query() tells it, and as packets meet it.
#include "positions.hpp"

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "bpflink/position.hpp"
#include "support/catch.hpp"

namespace bpflink {

namespace {

using positions::at_hook;
using positions::on_each_hook;

}  // namespace

TEST_CASE("positions: first, last and the default", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    const auto one = load_digit(1);
    const auto two = load_digit(2);
    const auto three = load_digit(3);
    const auto four = load_digit(4);
    const auto a = hook.attached(one);
    const auto b = hook.attached(two);
    const auto c = hook.attached(three, position::first());
    const auto d = hook.attached(four, position::last());
    CHECK(hook.order() == std::vector{id_of(three), id_of(one), id_of(two), id_of(four)});
    CHECK(hook.seen_by(four) == 0x3124);
  });
}

TEST_CASE("positions: before and after a link, a program, and the ids of both", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    const auto one = load_digit(1);
    const auto nine = load_digit(9);
    const auto two = load_digit(2);
    const auto a = hook.attached(one);
    const auto z = hook.attached(nine);
    const auto named = [&](const position& where, const std::vector<program_id>& expected, std::uint64_t digits) {
      auto b = hook.attached(two, where);
      CHECK(hook.order() == expected);
      CHECK(hook.seen_by(nine) == digits);
      CHECK(sentence(b.detach()) == "");
    };
    const std::vector first{id_of(two), id_of(one), id_of(nine)};
    const std::vector middle{id_of(one), id_of(two), id_of(nine)};
    const program_ref program = borrow(one);
    for (const auto& anchor : {bpflink::anchor{a}, bpflink::anchor{program}, bpflink::anchor{positions::id_of_link(a)},
                               bpflink::anchor{id_of(one)}}) {
      named(position::before(anchor), first, 0x219);
      named(position::after(anchor), middle, 0x129);
    }
  });
}

TEST_CASE("positions: a chain of three keeps its order, and who drops ends it", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    const auto one = load_digit(1);
    const auto two = load_digit(2);
    const auto three = load_digit(3);
    const auto drop = load_digit(2, tc_drop);
    const auto c = hook.attached(three);
    auto a = hook.attached(one, position::before(c));
    auto b = hook.attached(two, position::after(a));
    CHECK(hook.order() == std::vector{id_of(one), id_of(two), id_of(three)});
    CHECK(hook.passes());
    CHECK(digits_seen(three) == 0x123);

    // Another program in the same link keeps the place.
    CHECK(sentence(b.update(borrow(drop))) == "");
    CHECK(hook.order() == std::vector{id_of(one), id_of(drop), id_of(three)});
    const auto before = three.runs();
    CHECK_FALSE(hook.passes());
    CHECK(digits_seen(drop) == 0x12);
    CHECK(three.runs() == before);

    CHECK(sentence(b.detach()) == "");
    CHECK(hook.order() == std::vector{id_of(one), id_of(three)});
    CHECK(hook.passes());
    CHECK(digits_seen(three) == 0x13);
  });
}

TEST_CASE("positions: query tells links, those without, and the revision", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    CHECK(hook.order().empty());
    const auto one = load_tc();
    const auto two = load_tc();
    const auto a = hook.attached(one);
    const auto seen = hook.query();
    REQUIRE(sentence(seen) == "");
    REQUIRE(test::prog_attach({.target = static_cast<int>(hook.interface.value()),
                               .program_fd = two.get(),
                               .type = static_cast<std::uint32_t>(hook.where)}) == 0);
    const auto found = hook.query();
    REQUIRE(sentence(found) == "");
    REQUIRE(found->size() == 2);
    CHECK((*found)[0].link == positions::id_of_link(a));
    CHECK_FALSE((*found)[1].link);
    REQUIRE(found->revision());
    CHECK(found->revision() > seen->revision());
    CHECK_FALSE(found->mode());
    CHECK(test::prog_detach(static_cast<int>(hook.interface.value()), two.get(),
                            static_cast<std::uint32_t>(hook.where)) == 0);
  });
}

TEST_CASE("positions: an attach that is right only for what was seen", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    const auto one = load_tc(tc_next, "one");
    const auto two = load_tc(tc_next, "two");
    const auto three = load_tc(tc_next, "three");
    const auto a = hook.attached(one);
    const auto seen = hook.query();
    REQUIRE(sentence(seen) == "");
    auto b = hook.attach(borrow(two), std::nullopt, seen->revision());
    REQUIRE(sentence(b) == "");
    const auto stale = hook.attach(borrow(three), std::nullopt, seen->revision());
    REQUIRE_FALSE(stale);
    CHECK(stale.error() == errc::conflict);
    CHECK(stale.error().cause() == cause::stale_revision);
    CHECK(stale.error().sys_errno() == ESTALE);
    CHECK_THAT(stale.error().message(),
               test::contains("expected " + std::to_string(seen->revision()->value())) && test::contains("but "));

    // Somebody else is faster, twice.
    std::vector<test::counted_program> others;
    std::vector<link_handle> held;
    int tries = 0;
    const auto link = retry_on_change([&] { return hook.query(); },
                                      [&](const attached_programs& now) {
                                        if (++tries <= 2) {
                                          others.push_back(load_tc());
                                          held.push_back(hook.attached(others.back()));
                                        }
                                        return hook.attach(borrow(three), std::nullopt, now.revision());
                                      });
    REQUIRE(sentence(link) == "");
    CHECK(tries == 3);
    CHECK(hook.order().size() == 5);
    const auto never = retry_on_change(
        [&] { return hook.query(); },
        [&](const attached_programs&) { return hook.attach(borrow(three), std::nullopt, revision{1}); }, 2);
    REQUIRE_FALSE(never);
    CHECK(never.error().cause() == cause::stale_revision);
  });
}

}  // namespace bpflink
