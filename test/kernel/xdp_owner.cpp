// SPDX-License-Identifier: MIT
// Programs that others attach, swap and hold: who is in the way is named, and nobody is thrown out.
#include <cerrno>
#include <string>

#include "bpflink/info.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

using test::contains;

constexpr std::uint32_t flag_generic = 2;
constexpr ifindex lo = 1;

bpf_error refusal(const xdp_options& options) {
  const auto link = attach(options);
  REQUIRE_FALSE(link);
  INFO(link.error().message());
  CHECK(link.error() == errc::busy);
  CHECK(link.error().cause() == cause::slot_taken);
  return link.error();
}

}  // namespace

TEST_CASE("xdp: an update with an expected program after somebody else has swapped is a conflict", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  test::netns_fixture().run([] {
    const auto first = load_xdp(xdp_pass, "first");
    const auto theirs = load_xdp(xdp_drop, "theirs");
    const auto next = load_xdp(xdp_pass, "next");
    auto link = attach({.interface = lo, .program = borrow(first)});
    REQUIRE(sentence(link) == "");
    auto same = xdp_link::from_id(link->info()->id);
    REQUIRE(sentence(same) == "");
    REQUIRE(sentence(same->update(borrow(theirs))) == "");

    const auto conflict = link->update(borrow(next), borrow(first));
    REQUIRE_FALSE(conflict);
    CHECK(conflict.error() == errc::conflict);
    CHECK(conflict.error().cause() == cause::other_program);
    CHECK(conflict.error().sys_errno() == EPERM);
    CHECK_THAT(conflict.error().message(),
               contains(name_of(theirs) + " is attached, not the expected program 'first'"));
    CHECK(lo_loses());
    // Who has looked again can.
    CHECK(sentence(link->update(borrow(next), borrow(theirs))) == "");
    CHECK(lo_passes());
    CHECK(next.runs() == 1);
  });
}

TEST_CASE("xdp: who holds an interface of another namespace is told", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const test::netns_fixture there;
  const interface_target interface {
    lo, fd_ref { there.get() }
  };
  const auto holder = load_xdp(xdp_pass, "holder");
  const auto late = load_xdp(xdp_drop, "late");
  {
    const auto link = attach({.interface = interface, .program = borrow(holder)});
    REQUIRE(sentence(link) == "");
    const auto id = std::to_string(link->info()->id.value());
    for (const auto mode : {xdp_mode::automatic, xdp_mode::generic}) {
      CHECK_THAT(refusal({.interface = interface, .program = borrow(late), .mode = mode}).message(),
                 contains("attach xdp to interface 1 of the network namespace of descriptor ") &&
                     contains(name_of(holder) +
                              " is attached there in generic mode, held by the link with "
                              "id " +
                              id));
    }
  }
  there.run([&] { REQUIRE(test::netlink_xdp(lo.value(), holder.get(), flag_generic) == 0); });
  const auto refused = refusal({.interface = interface, .program = borrow(late)});
  CHECK_THAT(refused.message(), contains(name_of(holder) + " is attached there in generic mode, by netlink"));
  // The caller's namespace need not have an interface of that name and index.
  CHECK_THAT(std::string{refused.hint()}, contains("ip link set dev lo xdpgeneric off"));
  there.run([&] { CHECK(test::xdp_of(lo.value()).program_id == test::program_id(holder.get())); });
}

TEST_CASE("xdp: netlink does not take the place of a link, nor a link that of netlink", "[xdp]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto right = index_of("right");
    const auto holder = load_xdp(xdp_pass, "holder");
    const auto late = load_xdp(xdp_pass, "late");
    constexpr std::uint32_t flag_native = 4;
    {
      const auto link = attach({.interface = right, .program = borrow(holder), .mode = xdp_mode::native});
      REQUIRE(sentence(link) == "");
      CHECK(test::netlink_xdp(right.value(), late.get(), flag_native) == EBUSY);
      CHECK(test::netlink_xdp(right.value(), late.get(), flag_generic) == EEXIST);
      CHECK(test::netlink_xdp(right.value(), -1, flag_native) == EBUSY);
      CHECK(query({.interface = right})->native->program == program_id{test::program_id(holder.get())});
    }
    REQUIRE(test::netlink_xdp(right.value(), holder.get(), flag_native) == 0);
    const auto same_mode = refusal({.interface = right, .program = borrow(late), .mode = xdp_mode::native});
    CHECK(same_mode.sys_errno() == EBUSY);
    CHECK_THAT(same_mode.message(), contains(name_of(holder) + " is attached there in native mode, by netlink"));
    CHECK_THAT(std::string{same_mode.hint()}, contains("ip link set dev right xdpdrv off"));
    const auto other_mode = refusal({.interface = right, .program = borrow(late), .mode = xdp_mode::generic});
    CHECK(other_mode.sys_errno() == EEXIST);
    CHECK_THAT(other_mode.message(), contains("generic and native programs exclude each other"));
    CHECK(test::netlink_xdp(right.value(), -1, flag_native) == 0);
  });
}

TEST_CASE("xdp: a program at an interface that is stacked on this one is told", "[xdp]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 15, "interfaces that are in the way of those below"));
  bool stacked = false;
  test::netns_fixture().run([&stacked] {
    test::create_veth("left", "right");
    stacked = test::create_macvlan("above", "left") == 0;
    if (!stacked) return;
    const auto holder = load_xdp(xdp_pass, "holder");
    const auto late = load_xdp(xdp_pass, "late");
    auto link = attach({.interface = index_of("above"), .program = borrow(holder)});
    REQUIRE(sentence(link) == "");
    for (const auto mode : {xdp_mode::automatic, xdp_mode::generic}) {
      const auto refused = refusal({.interface = index_of("left"), .program = borrow(late), .mode = mode});
      CHECK(refused.sys_errno() == EEXIST);
      CHECK_THAT(refused.message(), contains("a program is attached to an interface that is stacked on this one"));
    }
    CHECK(sentence(link->close()) == "");
    CHECK(sentence(attach({.interface = index_of("left"), .program = borrow(late)})) == "");
  });
  if (!stacked) SKIP("this kernel has no MACVLAN");
}

}  // namespace bpflink
