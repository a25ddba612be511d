// SPDX-License-Identifier: MIT
// What the refusals of netlink say of XDP, where the kernel has no links for it, and whom they concern.
#include <linux/if_link.h>

#include <cerrno>
#include <optional>
#include <string>

#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

using test::contains;

constexpr std::uint32_t flag_generic = XDP_FLAGS_SKB_MODE;
constexpr ifindex lo = 1;

template <class T>
bpf_error refused_with(const expected<T>& result, errc code, bpflink::cause why, int number) {
  REQUIRE_FALSE(result);
  INFO(result.error().message());
  CHECK(to_string(result.error().code()) == to_string(code));
  CHECK(to_string(result.error().cause()) == to_string(why));
  CHECK(result.error().sys_errno() == number);
  CHECK(result.error().operation() == operation::netlink_set_xdp);
  return result.error();
}

}  // namespace

TEST_CASE("old xdp: a program that does not fit is told", "[.][old-xdp]") {
  test::netns_fixture().run([] {
    const auto attach_to_lo = [](program_ref program) {
      return attach({.interface = lo, .program = program, .mode = xdp_mode::generic});
    };
    const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
    CHECK_THAT(
        refused_with(attach_to_lo(borrow(filter)), errc::wrong_type, cause::wrong_program_type, EINVAL).message(),
        contains("'filter'") && contains("is of type socket_filter, this hook takes xdp"));
    const auto map = test::counter_map();
    CHECK_THAT(refused_with(attach_to_lo(borrow(map)), errc::wrong_type, cause::not_a_program, EINVAL).message(),
               contains("that of a map"));
    CHECK(attach_to_lo(fd_ref{9999}).error() == errc::bad_handle);
    CHECK(attach_to_lo(fd_ref{9999}).error().cause() == cause::closed_descriptor);
    if (!test::at_least(5, 8)) return;
    const auto devices = test::load({.type = test::prog_type::xdp,
                                     .code = test::return_value(xdp_pass),
                                     .expected_attach_type = test::attach_type::xdp_devmap,
                                     .name = "devices"});
    const auto refused =
        refused_with(attach_to_lo(borrow(devices)), errc::wrong_type, cause::wrong_expected_attach_type, EINVAL);
    CHECK_THAT(refused.message(), contains("'devices'") && contains("was loaded for xdp_devmap"));
    CHECK(test::xdp_of(lo.value()).attached == 0);
  });
}

TEST_CASE("old xdp: a program in the other mode is in the way, and told", "[.][old-xdp]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto right = index_of("right");
    const auto holder = load_xdp(xdp_pass, "holder");
    const auto late = load_xdp();
    const auto link = attach({.interface = right, .program = borrow(holder), .mode = xdp_mode::generic});
    REQUIRE(sentence(link) == "");
    const auto refused = refused_with(attach({.interface = right, .program = borrow(late), .mode = xdp_mode::native}),
                                      errc::busy, cause::slot_taken, EEXIST);
    CHECK_THAT(refused.message(), contains("'holder'") && contains("is attached there in generic mode, by netlink") &&
                                      contains("generic and native programs exclude each other"));
    CHECK_THAT(std::string{refused.hint()}, contains("ip link set dev right xdpgeneric off"));
  });
}

TEST_CASE("old xdp: offload takes no program that was loaded for no device", "[.][old-xdp]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto program = load_xdp();
    const auto refused =
        attach({.interface = index_of("right"), .program = borrow(program), .mode = xdp_mode::offload});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == (refused.error().sys_errno() == EINVAL ? errc::invalid_argument : errc::not_supported));
    CHECK(refused.error().cause() == (refused.error().sys_errno() == EINVAL ? cause::bad_option : cause::driver));
  });
}

TEST_CASE("old xdp: after somebody else has swapped an update is a conflict", "[.][old-xdp]") {
  test::netns_fixture().run([] {
    const auto first = load_xdp(xdp_pass, "first");
    const auto theirs = load_xdp(xdp_pass, "theirs");
    const auto next = load_xdp(xdp_pass, "next");
    auto link = attach({.interface = lo, .program = borrow(first), .mode = xdp_mode::generic});
    REQUIRE(sentence(link) == "");
    REQUIRE(test::netlink_xdp(lo.value(), theirs.get(), flag_generic) == 0);
    const auto conflict =
        refused_with(link->update(borrow(next), borrow(first)), errc::conflict, cause::other_program, EEXIST);
    CHECK_THAT(conflict.message(), contains("'theirs'") && contains("not the expected program 'first'"));
    CHECK(test::xdp_of(lo.value()).program_id == test::program_id(theirs.get()));
    // Who has looked again can, and has it in hand from then on.
    CHECK(sentence(link->update(borrow(next), borrow(theirs))) == "");
    CHECK(sentence(link->close()) == "");
    CHECK(test::xdp_of(lo.value()).attached == 0);
  });
}

TEST_CASE("old xdp: from another namespace nothing is said of the caller's", "[.][old-xdp]") {
  SKIP_IF(test::needs_veth());
  const test::netns_fixture here;
  const test::netns_fixture there;
  std::optional<interface_target> right;
  there.run([&] {
    test::create_veth("left", "right");
    right = interface_target{index_of("right"), fd_ref{there.get()}};
  });
  here.run([&] {
    const auto program = load_xdp();
    auto link = attach({.interface = *right, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
    CHECK_THAT(
        refused_with(link->update(borrow(filter)), errc::wrong_type, cause::wrong_program_type, EINVAL).message(),
        contains("'filter'"));
    if (test::at_least(5, 8)) {
      const auto devices = test::load({.type = test::prog_type::xdp,
                                       .code = test::return_value(xdp_pass),
                                       .expected_attach_type = test::attach_type::xdp_devmap,
                                       .name = "devices"});
      CHECK_THAT(
          refused_with(link->update(borrow(devices)), errc::wrong_type, cause::wrong_expected_attach_type, EINVAL)
              .message(),
          contains("'devices'"));
    }
    const auto who = query({.interface = *right, .holders = true});
    REQUIRE(sentence(who) == "");
    REQUIRE(who->in(xdp_mode::automatic));
    CHECK(who->in(xdp_mode::automatic)->held_by == mechanism::netlink);
    there.run([] { test::delete_interface("left"); });
    CHECK(link->update(borrow(program)).error().cause() == cause::target_gone);
    CHECK(sentence(link->close()) == "");
  });
}

}  // namespace bpflink
