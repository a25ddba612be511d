// SPDX-License-Identifier: MIT
// What is attached to an interface, and who holds it.
#include <linux/capability.h>

#include <optional>
#include <string>

#include "bpflink/info.hpp"
#include "child_helpers.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

constexpr std::uint32_t flag_generic = 2;
constexpr std::uint32_t flag_native = 4;
constexpr ifindex lo = 1;

program_id id_of(const test::counted_program& program) { return program_id{test::program_id(program.get())}; }

xdp_programs asked(xdp_query what) {
  const auto found = query(what);
  REQUIRE(sentence(found) == "");
  return *found;
}

}  // namespace

TEST_CASE("xdp: a query tells what is attached in which mode", "[xdp]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto right = index_of("right");
    const auto program = load_xdp();
    CHECK(asked({.interface = right}).empty());
    CHECK_FALSE(asked({.interface = right}).mode());
    CHECK_FALSE(asked({.interface = right, .holders = true}).in(xdp_mode::automatic));

    for (const auto mode : {xdp_mode::generic, xdp_mode::native, xdp_mode::automatic}) {
      INFO(to_string(mode));
      const auto runs_in = mode == xdp_mode::generic ? mode : xdp_mode::native;
      const auto link = attach({.interface = right, .program = borrow(program), .mode = mode});
      REQUIRE(sentence(link) == "");
      const auto found = asked({.interface = right});
      CHECK(found.mode() == runs_in);
      REQUIRE(found.in(runs_in));
      CHECK(found.in(runs_in)->program == id_of(program));
      CHECK(found.in(xdp_mode::automatic)->program == id_of(program));
      CHECK_FALSE(found.in(runs_in)->held_by);
      CHECK_FALSE(found.in(runs_in)->link);
      CHECK_FALSE(found.in(runs_in == xdp_mode::native ? xdp_mode::generic : xdp_mode::native));
      CHECK_FALSE(found.offload);
    }
    CHECK(asked({.interface = right}).empty());
  });
}

TEST_CASE("xdp: a query tells who holds the program, where it is asked to", "[xdp]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto right = index_of("right");
    const auto program = load_xdp();
    {
      const auto link = attach({.interface = right, .program = borrow(program), .mode = xdp_mode::native});
      REQUIRE(sentence(link) == "");
      const auto found = asked({.interface = right, .holders = true}).native;
      REQUIRE(found);
      CHECK(found->held_by == link->mechanism());
      if (link->mechanism() == mechanism::link) CHECK(found->link == link->info()->id);
    }
    for (const auto flag : {flag_generic, flag_native}) {
      REQUIRE(test::netlink_xdp(right.value(), program.get(), flag) == 0);
      const auto found = asked({.interface = right, .holders = true});
      const auto& there = flag == flag_native ? found.native : found.generic;
      REQUIRE(there);
      CHECK(there->held_by == mechanism::netlink);
      CHECK_FALSE(there->link);
      REQUIRE(test::netlink_xdp(right.value(), -1, flag) == 0);
    }
    CHECK(asked({.interface = right, .holders = true}).empty());
  });
}

TEST_CASE("xdp: a link that could be another one is not named", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto program = load_xdp();
  const test::netns_fixture one;
  const test::netns_fixture other;
  const auto attach_in = [&](const test::netns_fixture& netns) {
    return attach({.interface = {lo, fd_ref{netns.get()}}, .program = borrow(program)});
  };
  const auto first = attach_in(one);
  REQUIRE(sentence(first) == "");
  const auto who = [&] { return *asked({.interface = {lo, fd_ref{one.get()}}, .holders = true}).generic; };
  CHECK(who().link == first->info()->id);
  {
    const auto twin = attach_in(other);
    REQUIRE(sentence(twin) == "");
    CHECK(who().held_by == mechanism::link);
    CHECK_FALSE(who().link);
    // Nor in the sentence about who is in the way.
    const auto late = load_xdp();
    const auto refused = attach({.interface = {lo, fd_ref{one.get()}}, .program = borrow(late)});
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message(), test::contains(", held by a link"));
  }
  CHECK(who().link == first->info()->id);
}

TEST_CASE("xdp: a query is one request on one socket, and no allocation", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      const auto program = load_xdp();
      const auto link = must(attach({.interface = lo, .program = borrow(program)}));
      test::syscall_supervisor supervisor;
      std::optional<xdp_mode> mode;
      const auto calls = supervisor.record_calls([&] {
        const auto found = query({.interface = lo});
        if (found) mode = found->mode();
      });
      expect(mode == xdp_mode::generic);
      expect_equal(test::names(calls), "socket sendto recvfrom close");
      const auto allocated = test::allocations([] {
        expect(query({.interface = lo}).has_value());
        expect(query({.interface = lo, .holders = true}).has_value());
      });
      expect_equal(static_cast<std::int64_t>(allocated.value_or(0)), 0, "allocations");
    });
  });
  CHECK(result.failure() == "");
}

TEST_CASE("xdp: what may not be asked is left open", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      const auto program = load_xdp();
      const auto link = must(attach({.interface = lo, .program = borrow(program)}));
      const auto who = [] { return *must(query({.interface = lo, .holders = true})).generic; };
      drop_capabilities({CAP_SYS_ADMIN});
      expect(who().held_by == mechanism::link);
      expect(!who().link);
      drop_capabilities({CAP_NET_ADMIN});
      expect(!who().held_by);
      expect(!who().link);
      expect(who().program.value() == test::program_id(program.get()));
    });
  });
  CHECK(result.failure() == "");
}

TEST_CASE("xdp: an interface that is not there cannot be asked", "[xdp]") {
  test::on_thread([] {
    const auto refused = query({.interface = index_of(0x7fffffff)});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::not_found);
    CHECK(refused.error().cause() == cause::no_such_interface);
    CHECK(refused.error().operation() == operation::netlink_get_link);
    CHECK_THAT(refused.error().message(), test::contains("query xdp of interface 2147483647: no interface of this "
                                                         "network namespace has the index 2147483647"));
  });
}

}  // namespace bpflink
