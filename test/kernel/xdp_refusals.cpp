// SPDX-License-Identifier: MIT
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "bpflink/features.hpp"
#include "bpflink/info.hpp"
#include "child_helpers.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

bpf_error refusal(const xdp_options& options) {
  const auto link = attach(options);
  REQUIRE_FALSE(link);
  INFO(link.error().message());
  CHECK_FALSE(link.error().reason().empty());
  return link.error();
}

constexpr std::uint32_t flag_generic = 2;

test::fd load_for_map(std::uint32_t attach_type) {
  return test::load({.type = test::prog_type::xdp,
                     .code = test::return_value(xdp_pass),
                     .expected_attach_type = attach_type,
                     .name = "for_map"});
}

// A bridge over an interface; false where the kernel has none.
bool make_bridge(const std::string& name, const std::string& port) {
  const test::fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (::ioctl(socket.get(), SIOCBRADDBR, name.c_str()) != 0) return false;
  ifreq asked{};
  name.copy(asked.ifr_name, IFNAMSIZ - 1);
  asked.ifr_ifindex = static_cast<int>(test::ifindex_of(port));
  return ::ioctl(socket.get(), SIOCBRADDIF, &asked) == 0;
}

}  // namespace

TEST_CASE("xdp: a program that is none of XDP is told", "[xdp]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto lo = index_of("lo");
    const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
    const auto wrong = refusal({.interface = lo, .program = borrow(filter)});
    CHECK(wrong == errc::wrong_type);
    CHECK(wrong.cause() == cause::wrong_program_type);
    CHECK_THAT(wrong.message(), test::contains("'filter'") && test::contains("socket_filter, this hook takes xdp"));

    CHECK(refusal({.interface = lo, .program = fd_ref{9999}}) == errc::bad_handle);
    const auto null = test::open_file("/dev/null", 0);
    CHECK(refusal({.interface = lo, .program = borrow(null)}).cause() == cause::not_a_program);
    const auto map = test::counter_map();
    CHECK(refusal({.interface = lo, .program = borrow(map)}).cause() == cause::not_a_program);
    CHECK(test::xdp_of(test::ifindex_of("lo")).attached == 0);
  });
}

TEST_CASE("xdp: a program for the entries of a map is told", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "programs in device and CPU maps"));
  test::netns_fixture().run([] {
    const auto devices = load_for_map(test::attach_type::xdp_devmap);
    const auto device = refusal({.interface = index_of("lo"), .program = borrow(devices)});
    CHECK(device == errc::wrong_type);
    CHECK(device.cause() == cause::wrong_expected_attach_type);
    CHECK_THAT(device.message(), test::contains("'for_map'") && test::contains("loaded for xdp_devmap"));

    const auto cpus = load_for_map(test::attach_type::xdp_cpumap);
    const auto cpu = refusal({.interface = index_of("lo"), .program = borrow(cpus)});
    CHECK(cpu == errc::wrong_type);
    CHECK_THAT(cpu.message(), test::contains("loaded for xdp_cpumap"));
  });
}

TEST_CASE("xdp: a mode that the driver has not got is told", "[xdp]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto program = load_xdp();
    for (const auto mode : {xdp_mode::native, xdp_mode::offload}) {
      INFO(to_string(mode));
      const auto refused = refusal({.interface = index_of("lo"), .program = borrow(program), .mode = mode});
      // Older kernels look at the program first.
      if (refused.sys_errno() == EINVAL) continue;
      CHECK(refused == errc::not_supported);
      CHECK(refused.cause() == cause::driver);
      CHECK(refused.sys_errno() == EOPNOTSUPP);
      CHECK_THAT(refused.message(), test::contains("driver has no XDP in " + std::string{to_string(mode)} + " mode"));
    }
    const auto native = refusal({.interface = index_of("lo"), .program = borrow(program), .mode = xdp_mode::native});
    CHECK_THAT(std::string{native.hint()}, test::contains("generic"));
    CHECK_THAT(native.message(), test::contains("(lo) in native mode"));
  });
}

TEST_CASE("xdp: what is no mode is refused before any system call", "[xdp]") {
  SKIP_IF(test::needs_root());
  const auto program = load_xdp();
  const auto refused = refusal({.interface = index_of("lo"), .program = borrow(program), .mode = xdp_mode{6}});
  CHECK(refused == errc::invalid_argument);
  CHECK(refused.cause() == cause::bad_option);
  CHECK(refused.operation() == operation::none);
  CHECK_THAT(refused.message(), test::contains("XDP has no such mode"));
}

// EINVAL reads as not_supported only where the kernel may lack what was asked.
TEST_CASE("xdp: a kernel with links that refuses without a reason is not told to lack them", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      const auto program = load_xdp();
      expect(probe(feature::xdp_links) == availability::yes);
      test::syscall_supervisor supervisor({SYS_bpf});
      std::optional<bpf_error> refused;
      static_cast<void>(supervisor.with_handler(
          [](const test::observed_call& call) {
            return call.command() == test::command::link_create ? test::verdict::fail(EINVAL)
                                                                : test::verdict::proceed();
          },
          [&] { refused = refusal({.interface = index_of("lo"), .program = borrow(program)}); }));
      expect(*refused == errc::invalid_argument, refused->message());
      expect(refused->cause() == cause::unknown);
      expect_contains(refused->message(), "the kernel refused without a reason");
    });
  });
  CHECK(result.failure() == "");
}

TEST_CASE("xdp: offload takes no program that was loaded for no device", "[xdp]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto program = load_xdp();
    const auto refused =
        refusal({.interface = index_of("left"), .program = borrow(program), .mode = xdp_mode::offload});
    CHECK(refused == errc::invalid_argument);
    CHECK(refused.cause() == cause::bad_option);
    CHECK_THAT(refused.message(), test::contains("not loaded for a device"));
  });
}

TEST_CASE("xdp: who holds the place is told", "[xdp]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto holder = load_xdp(xdp_pass, "holder");
    const auto program = load_xdp(xdp_pass, "late");
    const auto id = "'holder' (id " + std::to_string(test::program_id(holder.get())) + ")";
    const auto interface = index_of("right");

    const auto link = attach({.interface = interface, .program = borrow(holder), .mode = xdp_mode::generic});
    REQUIRE(sentence(link) == "");
    const bool by_link = link->mechanism() == mechanism::link;
    const auto by = by_link ? "held by the link with id " + std::to_string(link->info()->id.value()) : "by netlink";
    for (const auto mode : {xdp_mode::generic, xdp_mode::native}) {
      INFO(to_string(mode));
      const auto refused = refusal({.interface = interface, .program = borrow(program), .mode = mode});
      CHECK(refused == errc::busy);
      CHECK(refused.cause() == cause::slot_taken);
      CHECK_THAT(refused.message(), test::contains(id + " is attached there in generic mode"));
      // Before 5.7 the kernel cannot be asked who holds it.
      if (test::at_least(5, 7)) CHECK_THAT(refused.message(), test::contains(by));
      const std::string exclusion = "generic and native programs exclude each other";
      if (mode == xdp_mode::native) CHECK_THAT(refused.message(), test::contains(exclusion));
      if (mode == xdp_mode::generic) CHECK_THAT(refused.message(), !test::contains(exclusion));
    }
    CHECK(test::xdp_of(interface.value()).program_id == test::program_id(holder.get()));
  });
}

TEST_CASE("xdp: a program that netlink attached is told, and stays", "[xdp]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto holder = load_xdp(xdp_pass, "holder");
    const auto program = load_xdp(xdp_pass, "late");
    const auto lo = test::ifindex_of("lo");
    REQUIRE(test::netlink_xdp(lo, holder.get(), flag_generic) == 0);
    const auto refused = refusal({.interface = index_of(lo), .program = borrow(program)});
    CHECK(refused == errc::busy);
    CHECK(refused.cause() == cause::slot_taken);
    CHECK_THAT(refused.message(), test::contains("'holder'"));
    if (test::at_least(5, 7)) {
      CHECK_THAT(refused.message(),
                 test::contains("by netlink") && test::contains("ip link set dev lo xdpgeneric off"));
    }
    CHECK(test::xdp_of(lo).program_id == test::program_id(holder.get()));
    CHECK(test::netlink_xdp(lo, -1, flag_generic) == 0);
  });
}

TEST_CASE("xdp: a program at the master of an interface is told", "[xdp]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 15, "interfaces that are in the way of their ports"));
  bool bridged = false;
  const auto told = [](const std::string& master) {
    const auto holder = load_xdp(xdp_pass, "holder");
    const auto program = load_xdp(xdp_pass, "late");
    const auto above = attach({.interface = index_of(master), .program = borrow(holder)});
    REQUIRE(sentence(above) == "");
    const auto refused = refusal({.interface = index_of("left"), .program = borrow(program)});
    CHECK(refused == errc::busy);
    CHECK(refused.cause() == cause::slot_taken);
    CHECK(refused.sys_errno() == EEXIST);
    CHECK_THAT(refused.message(),
               test::contains("'holder'") && test::contains("(" + master + "), which this one is a part of"));
  };
  test::netns_fixture().run([&] {
    test::create_veth("left", "right");
    bridged = make_bridge("bridge", "left");
    if (bridged) told("bridge");
  });
  // A kernel may be built without bonds; what is told is the same.
  test::netns_fixture().run([&] {
    test::create_veth("left", "right");
    if (test::create_bond("bond", "left") == 0) told("bond");
  });
  if (!bridged) SKIP("this kernel has no bridges");
}

}  // namespace bpflink
