// SPDX-License-Identifier: MIT
// Programs without a link that come, change and go at an interface while traffic runs.
#include <string>

#include "busy_hook.hpp"
#include "raw_program.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

constexpr auto ingress = attach_type::tcx_ingress;
const ifindex lo = 1;

expected<void> replace(const test::counted_program& old, const test::counted_program& next) {
  return attach_program(
      {.target = lo, .hook = ingress, .program = borrow(next), .position = position::replacing(borrow(old))});
}

}  // namespace

TEST_CASE("raw_program: each packet meets the program at an interface or the one that replaces it", "[raw_program]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 6, "tcx"));
  test::netns_fixture().run([] {
    const auto one = load_tc();
    const auto two = load_tc();
    test::udp_pair sockets;
    REQUIRE(sentence(attach_at(lo, ingress, borrow(one))) == "");
    sender traffic{[&] { return sockets.send(); }};
    REQUIRE(traffic.sends(10));
    for (int round = 0; round < 100; ++round) {
      const auto& old = round % 2 == 0 ? one : two;
      const auto& next = round % 2 == 0 ? two : one;
      const auto before = next.runs();
      REQUIRE(sentence(replace(old, next)) == "");
      CHECK(test::eventually([&] { return next.runs() > before; }));
    }
    traffic.stop();
    CHECK(traffic.failed() == 0);
    CHECK(one.runs() + two.runs() == traffic.sent());
    CHECK(sentence(detach_from(lo, ingress, borrow(one))) == "");
  });
}

TEST_CASE("raw_program: attach and detach at an interface while traffic runs", "[raw_program]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 6, "tcx"));
  test::netns_fixture().run([] {
    const auto program = load_tc();
    test::udp_pair sockets;
    sender traffic{[&] { return sockets.send(); }};
    for (int round = 0; round < 20; ++round) {
      const auto before = program.runs();
      REQUIRE(sentence(attach_at(lo, ingress, borrow(program))) == "");
      CHECK(test::eventually([&] { return program.runs() > before; }));
      REQUIRE(sentence(detach_from(lo, ingress, borrow(program))) == "");
      // What was on its way has passed when more were sent.
      REQUIRE(traffic.sends(3));
      const auto after = program.runs();
      REQUIRE(traffic.sends(20));
      CHECK(program.runs() == after);
    }
    traffic.stop();
    CHECK(traffic.failed() == 0);
  });
}

}  // namespace bpflink
