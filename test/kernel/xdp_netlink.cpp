// SPDX-License-Identifier: MIT
// XDP where the kernel has no links for it, as before Linux 5.9: the hidden cases run where BPF_LINK_CREATE is unknown.
#include <linux/if_link.h>

#include <cerrno>
#include <optional>
#include <string>

#include "link_checks.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

using test::contains;

constexpr std::uint32_t flag_generic = XDP_FLAGS_SKB_MODE;

xdp_options on_lo(const test::counted_program& program, xdp_mode mode = xdp_mode::generic) {
  return {.interface = index_of("lo"), .program = borrow(program), .mode = mode};
}

std::uint32_t id_on(const std::string& interface) { return test::xdp_of(test::ifindex_of(interface)).program_id; }
std::uint32_t id_of(const test::counted_program& program) { return test::program_id(program.get()); }

}  // namespace

TEST_CASE("xdp: without links it is attached by netlink", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  CHECK(test::on_old_kernel("old-xdp", [] { test::refuse_bpf({test::command::link_create}); }).failure() == "");
}

TEST_CASE("old xdp: packets are dropped until the handle is detached or closed", "[.][old-xdp]") {
  test::netns_fixture().run([] {
    const auto program = load_xdp(xdp_drop);
    for (const auto mode : {xdp_mode::automatic, xdp_mode::generic}) {
      INFO(to_string(mode));
      auto link = attach(on_lo(program, mode));
      REQUIRE(sentence(link) == "");
      check_no_bpf_link(*link, mechanism::netlink);
      CHECK(lo_drops(program));
      CHECK(id_on("lo") == id_of(program));
      CHECK(sentence(link->detach()) == "");
      CHECK(lo_passes());
      check_stays_detached(*link, borrow(program));

      CHECK(sentence(attach(on_lo(program, mode))) == "");
      CHECK(id_on("lo") == 0);
      auto third = attach(on_lo(program, mode));
      REQUIRE(sentence(third) == "");
      CHECK(sentence(third->close()) == "");
      CHECK(lo_passes());
    }
  });
}

TEST_CASE("old xdp: a released program stays", "[.][old-xdp]") {
  test::netns_fixture().run([] {
    const auto program = load_xdp();
    auto link = attach(on_lo(program));
    REQUIRE(sentence(link) == "");
    CHECK_FALSE(std::move(*link).release());
    CHECK(id_on("lo") == id_of(program));
    CHECK(test::netlink_xdp(test::ifindex_of("lo"), -1, flag_generic) == 0);
  });
}

TEST_CASE("old xdp: a handle does its work on threads of other namespaces", "[.][old-xdp]") {
  const test::netns_fixture netns;
  const auto pass = load_xdp();
  const auto drop = load_xdp(xdp_drop);
  std::optional<xdp_link> link;
  netns.run([&] {
    auto attached = attach(on_lo(pass));
    REQUIRE(sentence(attached) == "");
    link = *std::move(attached);
  });
  CHECK(sentence(link->update(borrow(drop))) == "");
  netns.run([&] { CHECK(lo_drops(drop)); });
  link.reset();
  netns.run([] { CHECK(id_on("lo") == 0); });
}

TEST_CASE("old xdp: nobody is thrown out, and the kernel's words are kept", "[.][old-xdp]") {
  test::netns_fixture().run([] {
    const auto holder = load_xdp(xdp_pass, "holder");
    const auto program = load_xdp(xdp_drop);
    const auto lo = test::ifindex_of("lo");
    REQUIRE(test::netlink_xdp(lo, holder.get(), flag_generic) == 0);
    const auto refused = attach(on_lo(program));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::busy);
    CHECK(refused.error().cause() == cause::slot_taken);
    CHECK(refused.error().operation() == operation::netlink_set_xdp);
    CHECK(refused.error().sys_errno() == EBUSY);
    CHECK_THAT(refused.error().message(), contains("'holder'"));
    REQUIRE(refused.error().first() != nullptr);
    CHECK(refused.error().first()->operation() == operation::link_create);
    // Linux has words for this since 5.9.
    if (test::at_least(5, 9)) {
      CHECK(refused.error().log() == "XDP program already attached");
      CHECK_THAT(refused.error().message(), contains("the kernel says: XDP program already attached"));
    }
    CHECK(id_on("lo") == id_of(holder));
    CHECK(test::netlink_xdp(lo, -1, flag_generic) == 0);
  });
}

TEST_CASE("old xdp: closing takes away no other program", "[.][old-xdp]") {
  test::netns_fixture().run([] {
    const auto ours = load_xdp();
    const auto other = load_xdp(xdp_pass, "other");
    const auto lo = test::ifindex_of("lo");
    auto link = attach(on_lo(ours));
    REQUIRE(sentence(link) == "");
    REQUIRE(test::netlink_xdp(lo, other.get(), flag_generic) == 0);

    check_refused(link->update(borrow(ours)), errc::conflict, cause::other_program, "'other'");
    CHECK(id_on("lo") == id_of(other));
    CHECK(error_of(link->detach()).cause() == cause::not_attached);
    check_refused(link->close(), errc::not_found, cause::not_attached);
    CHECK_FALSE(*link);
    CHECK(id_on("lo") == id_of(other));

    REQUIRE(test::netlink_xdp(lo, -1, flag_generic) == 0);
    auto second = attach(on_lo(ours));
    REQUIRE(sentence(second) == "");
    REQUIRE(test::netlink_xdp(lo, -1, flag_generic) == 0);
    check_refused(second->update(borrow(other)), errc::defunct, cause::detached);
    CHECK(error_of(second->close()).cause() == cause::not_attached);
  });
}

TEST_CASE("old xdp: update swaps the program, and with an expected one only in its place", "[.][old-xdp]") {
  test::netns_fixture().run([] {
    const auto pass = load_xdp(xdp_pass, "pass");
    const auto drop = load_xdp(xdp_drop, "drop");
    auto link = attach(on_lo(pass));
    REQUIRE(sentence(link) == "");
    CHECK(sentence(link->update(borrow(drop))) == "");
    CHECK(lo_drops(drop));
    CHECK(sentence(link->update(borrow(pass), borrow(drop))) == "");
    CHECK(lo_passes());
    CHECK(sentence(link->update(borrow(pass))) == "");

    check_conflict(*link, pass, drop);
    check_no_misfits(*link, borrow(drop));
    CHECK(id_on("lo") == id_of(pass));
    CHECK(sentence(link->close()) == "");
    CHECK(id_on("lo") == 0);
  });
}

TEST_CASE("old xdp: native mode, and the driver's words where it has none", "[.][old-xdp]") {
  const bool veth = test::needs_veth().empty();
  test::netns_fixture().run([veth] {
    const auto program = load_xdp();
    if (veth) {
      test::create_veth("left", "right");
      const auto link = attach({.interface = index_of("right"), .program = borrow(program), .mode = xdp_mode::native});
      REQUIRE(sentence(link) == "");
      CHECK(test::xdp_of(test::ifindex_of("right")).attached == XDP_ATTACHED_DRV);
      CHECK(runs_for_frame(program, "left", "right") == 1);
    }
    const auto refused = attach(on_lo(program, xdp_mode::native));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::not_supported);
    CHECK(refused.error().cause() == cause::driver);
    const std::string words{refused.error().log()};
    CHECK_THAT(words, contains("nderlying driver does not support XDP in native mode"));
    CHECK_THAT(refused.error().message(), contains("the kernel says: " + words));
  });
}

TEST_CASE("old xdp: an interface that went away is told, and closing is no error", "[.][old-xdp]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto program = load_xdp();
    auto link = attach({.interface = index_of("left"), .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    test::delete_interface("left");
    check_refused(link->update(borrow(program)), errc::defunct, cause::target_gone);
    CHECK(sentence(link->close()) == "");

    check_refused(attach({.interface = index_of(9999), .program = borrow(program)}), errc::not_found,
                  cause::no_such_interface);
  });
}

TEST_CASE("old xdp: who wants a link alone is told since when there are some", "[.][old-xdp]") {
  test::netns_fixture().run([] {
    const auto program = load_xdp();
    auto options = on_lo(program);
    options.mechanism = mechanism_choice::link_only;
    check_refused(attach(options), errc::not_supported, cause::missing_feature, "Linux 5.9");
    CHECK(id_on("lo") == 0);
  });
}

}  // namespace bpflink
