// SPDX-License-Identifier: MIT
#include "bpflink/attach/xdp.hpp"

#include <cerrno>
#include <limits>
#include <string>
#include <utility>

#include "bpflink/info.hpp"
#include "link_checks.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

constexpr std::uint8_t attached_native = 1;
constexpr std::uint8_t attached_generic = 2;

xdp_options on_lo(const test::counted_program& program, xdp_mode mode = xdp_mode::automatic) {
  return {.interface = index_of("lo"), .program = borrow(program), .mode = mode};
}

}  // namespace

TEST_CASE("xdp: packets are dropped until the link is detached or closed", "[xdp]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    for (const auto mode : {xdp_mode::automatic, xdp_mode::generic}) {
      INFO(to_string(mode));
      const auto program = load_xdp(xdp_drop);
      REQUIRE(lo_passes());
      auto link = attach(on_lo(program, mode));
      REQUIRE(sentence(link) == "");
      CHECK(link->mechanism() == best_xdp_mechanism());
      CHECK(lo_drops(program));
      CHECK(program.runs() == 1);
      const auto there = test::xdp_of(test::ifindex_of("lo"));
      CHECK(there.attached == attached_generic);
      CHECK(there.program_id == test::program_id(program.get()));

      CHECK(sentence(link->detach()) == "");
      CHECK(lo_passes());
      CHECK(sentence(link->detach()) == "");

      auto second = attach(on_lo(program, mode));
      REQUIRE(sentence(second) == "");
      CHECK(lo_drops(program));
      CHECK(sentence(second->close()) == "");
      CHECK_FALSE(*second);
      CHECK(lo_passes());
      CHECK(program.runs() == 2);
    }
  });
}

TEST_CASE("xdp: in native mode the program runs in the driver", "[xdp]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    for (const auto mode : {xdp_mode::automatic, xdp_mode::native, xdp_mode::generic}) {
      INFO(to_string(mode));
      const auto program = load_xdp();
      {
        const auto link = attach({.interface = index_of("right"), .program = borrow(program), .mode = mode});
        REQUIRE(sentence(link) == "");
        CHECK(test::xdp_of(test::ifindex_of("right")).attached ==
              (mode == xdp_mode::generic ? attached_generic : attached_native));
        CHECK(runs_for_frame(program, "left", "right") == 1);
      }
      CHECK(test::xdp_of(test::ifindex_of("right")).attached == 0);
    }
  });
}

TEST_CASE("xdp: a link tells its interface, and once that is gone that it is defunct", "[xdp]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto program = load_xdp();
    const auto interface = index_of("right");
    auto link = attach({.interface = interface, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    if (link->mechanism() == mechanism::link) {
      const auto info = link->info();
      REQUIRE(sentence(info) == "");
      CHECK(info->type == link_type::xdp);
      CHECK(info->program == program_id{test::program_id(program.get())});
      CHECK(std::get<xdp_info>(info->details).interface == interface);
      CHECK(info->defunct() == false);
    }
    CHECK(sentence(link->update(borrow(program))) == "");

    test::delete_interface("left");
    if (link->mechanism() == mechanism::link) {
      const auto info = link->info();
      REQUIRE(sentence(info) == "");
      CHECK_FALSE(std::get<xdp_info>(info->details).interface);
      CHECK(info->defunct() == true);
    }
    check_refused(link->update(borrow(program)), errc::defunct, cause::target_gone);
    CHECK(sentence(link->detach()) == "");
    CHECK(sentence(link->close()) == "");
  });
}

TEST_CASE("xdp: update swaps the program, and with an expected one only in its place", "[xdp]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto pass = load_xdp(xdp_pass, "pass");
    const auto drop = load_xdp(xdp_drop, "drop");
    auto link = attach(on_lo(pass));
    REQUIRE(sentence(link) == "");
    CHECK(lo_passes());
    CHECK(sentence(link->update(borrow(drop))) == "");
    CHECK(lo_drops(drop));
    CHECK(sentence(link->update(borrow(pass), borrow(drop))) == "");
    CHECK(lo_passes());

    check_conflict(*link, pass, drop);
    CHECK(lo_passes());
    CHECK(sentence(link->update(borrow(pass), borrow(pass))) == "");
  });
}

TEST_CASE("xdp: an update to a program that does not fit is told", "[xdp]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto pass = load_xdp();
    auto link = attach(on_lo(pass));
    REQUIRE(sentence(link) == "");
    const auto refused = [&](const test::fd& program) {
      const auto updated = link->update(borrow(program));
      REQUIRE_FALSE(updated);
      return updated.error();
    };
    const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
    CHECK(refused(filter).code() == errc::wrong_type);
    CHECK(refused(filter).cause() == cause::wrong_program_type);
    CHECK(refused(test::open_file("/dev/null", 0)).cause() == cause::not_a_program);
    const auto closed = link->update(fd_ref{9999});
    REQUIRE_FALSE(closed);
    CHECK(closed.error() == errc::bad_handle);
    if (test::at_least(5, 8)) {
      const auto for_map = test::load({.type = test::prog_type::xdp,
                                       .code = test::return_value(xdp_pass),
                                       .expected_attach_type = test::attach_type::xdp_devmap});
      CHECK(refused(for_map).code() == errc::wrong_type);
      CHECK(refused(for_map).cause() == cause::wrong_expected_attach_type);
    }
    CHECK(lo_passes());
  });
}

TEST_CASE("xdp: what is pinned outlives the link and is opened as one", "[xdp]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto drop = load_xdp(xdp_drop);
    auto link = attach(on_lo(drop));
    REQUIRE(sentence(link) == "");
    if (link->mechanism() != mechanism::link) {
      CHECK_FALSE(link->can_pin());
      CHECK(link->pin("/sys/fs/bpf/x").error() == errc::not_supported);
      return;
    }
    const test::bpffs_fixture bpffs;
    check_pin_holds(*std::move(link), bpffs / "xdp", [&drop] { return lo_drops(drop); });
    CHECK(lo_passes());
  });
}

TEST_CASE("xdp: an attach is one system call and no allocation", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      const auto program = load_xdp();
      const auto options = on_lo(program);
      test::syscall_supervisor supervisor;
      expect_one_call(supervisor, options);
    });
  });
  CHECK(result.failure() == "");
}

TEST_CASE("xdp: an index that is no interface's here is told", "[xdp]") {
  SKIP_IF(test::needs_veth());
  const auto program = load_xdp();
  const test::netns_fixture here;
  const test::netns_fixture other;
  unsigned elsewhere = 0;
  other.run([&] {
    test::create_veth("left", "right");
    elsewhere = test::ifindex_of("left");
  });
  here.run([&] {
    for (const auto number : {elsewhere, static_cast<unsigned>(std::numeric_limits<int>::max())}) {
      const auto link = attach({.interface = index_of(number), .program = borrow(program)});
      REQUIRE_FALSE(link);
      CHECK(link.error() == errc::not_found);
      CHECK(link.error().cause() == cause::no_such_interface);
      CHECK_THAT(link.error().message(), test::contains("interface " + std::to_string(number)));
    }
  });
}

TEST_CASE("xdp: an empty handle is refused before any system call", "[xdp]") {
  const auto link = attach({.interface = 1, .program = fd_ref{}});
  REQUIRE_FALSE(link);
  CHECK(link.error() == errc::bad_handle);
  CHECK(link.error().cause() == cause::empty_handle);
  CHECK(link.error().operation() == operation::none);
}

}  // namespace bpflink
