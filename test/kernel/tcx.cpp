// SPDX-License-Identifier: MIT
#include "bpflink/attach/tcx.hpp"

#include <atomic>
#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "bpflink/info.hpp"
#include "link_checks.hpp"
#include "support/alloc_counter.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

constexpr tcx_hook both[] = {tcx_hook::ingress, tcx_hook::egress};

tcx_options on_lo(const test::counted_program& program, tcx_hook hook = tcx_hook::ingress) {
  return {.interface = index_of("lo"), .hook = hook, .program = borrow(program)};
}

std::uint32_t id_of(const test::counted_program& program) { return test::program_id(program.get()); }

}  // namespace

TEST_CASE("tcx: packets are dropped until the link is detached or closed", "[tcx]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    for (const auto hook : both) {
      INFO(to_string(hook));
      const auto program = load_tc(tc_drop);
      REQUIRE(lo_passes());
      auto link = attach(on_lo(program, hook));
      REQUIRE(sentence(link) == "");
      CHECK(link->mechanism() == best_tcx_mechanism());
      CHECK(lo_loses());
      CHECK(program.runs() == 1);
      CHECK(sentence(link->detach()) == "");
      CHECK(lo_passes());
      CHECK(sentence(link->detach()) == "");

      auto second = attach(on_lo(program, hook));
      REQUIRE(sentence(second) == "");
      CHECK(lo_loses());
      CHECK(sentence(second->close()) == "");
      CHECK_FALSE(*second);
      // Who goes through all links of the system holds ours for a moment.
      CHECK(test::eventually([] { return lo_passes(); }));
      CHECK(program.runs() >= 2);
    }
  });
}

TEST_CASE("tcx: the two hooks see what comes in and what goes out", "[tcx]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    REQUIRE(test::eventually([] { return frame_passes("left", "right"); }));
    const auto in = load_tc();
    const auto out = load_tc();
    const auto received = attach({.interface = index_of("right"), .hook = tcx_hook::ingress, .program = borrow(in)});
    const auto sent = attach({.interface = index_of("left"), .hook = tcx_hook::egress, .program = borrow(out)});
    REQUIRE(sentence(received) == "");
    REQUIRE(sentence(sent) == "");
    CHECK(frame_passes("left", "right"));
    CHECK(in.runs() == 1);
    CHECK(out.runs() == 1);
    CHECK(frame_passes("right", "left"));
    CHECK(in.runs() == 1);
    CHECK(out.runs() == 1);
    const auto drop = load_tc(tc_drop);
    const auto dropping = attach({.interface = index_of("left"), .hook = tcx_hook::egress, .program = borrow(drop)});
    REQUIRE(sentence(dropping) == "");
    CHECK_FALSE(frame_passes("left", "right"));
    CHECK(drop.runs() == 1);
    CHECK(in.runs() == 1);
  });
}

TEST_CASE("tcx: a link tells its interface, and once that is gone that it is defunct", "[tcx]") {
  SKIP_IF(test::needs_veth());
  if (lacks_tcx_links()) return;
  test::netns_fixture().run([] {
    for (const auto hook : both) {
      test::create_veth("left", "right");
      const auto program = load_tc();
      const auto interface = index_of("right");
      auto link = attach({.interface = interface, .hook = hook, .program = borrow(program)});
      REQUIRE(sentence(link) == "");
      const auto info = link->info();
      REQUIRE(sentence(info) == "");
      CHECK(info->type == link_type::tcx);
      CHECK(info->program == program_id{id_of(program)});
      CHECK(std::get<tcx_info>(info->details).interface == interface);
      CHECK(std::get<tcx_info>(info->details).hook == static_cast<attach_type>(hook));
      CHECK(info->defunct() == false);

      test::delete_interface("left");
      const auto gone = link->info();
      REQUIRE(sentence(gone) == "");
      CHECK_FALSE(std::get<tcx_info>(gone->details).interface);
      CHECK(gone->defunct() == true);
      check_refused(link->update(borrow(program)), errc::defunct, cause::target_gone);
      CHECK(sentence(link->close()) == "");
    }
  });
}

TEST_CASE("tcx: update swaps the program while traffic runs, and with an expected one only in its place", "[tcx]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto one = load_tc(tc_pass, "one");
    const auto two = load_tc(tc_pass, "two");
    auto link = attach(on_lo(one));
    REQUIRE(sentence(link) == "");
    // Each packet is seen by one of them: there is no moment without a program, and none with both.
    test::udp_pair pair;
    std::atomic<bool> stop{false};
    std::uint64_t sent = 0;
    std::thread traffic([&] {
      while (!stop) {
        if (pair.send() == 0) ++sent;
      }
    });
    bool swapped = true;
    for (int round = 0; swapped && round < 50; ++round) {
      const auto& next = round % 2 == 0 ? two : one;
      const auto before = next.runs();
      swapped = link->update(borrow(next)).has_value() && test::eventually([&] { return next.runs() > before; });
    }
    stop = true;
    traffic.join();
    CHECK(swapped);
    CHECK(one.runs() + two.runs() == sent);

    CHECK(sentence(link->update(borrow(two), borrow(one))) == "");
    check_conflict(*link, two, one);
    CHECK(sentence(link->update(borrow(two), borrow(two))) == "");
  });
}

TEST_CASE("tcx: attach and detach while traffic runs", "[tcx]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto program = load_tc(tc_pass);
    test::udp_pair pair;
    std::atomic<bool> stop{false};
    std::thread traffic([&] {
      while (!stop) static_cast<void>(pair.send());
    });
    std::string failed;
    for (int round = 0; failed.empty() && round < 50; ++round) {
      auto link = attach(on_lo(program));
      failed = sentence(link);
      const auto before = program.runs();
      if (failed.empty() && !test::eventually([&] { return program.runs() > before; })) failed = "it does not run";
      if (failed.empty()) failed = sentence(link->detach());
    }
    stop = true;
    traffic.join();
    CHECK(failed == "");
    const auto after = program.runs();
    CHECK(lo_passes());
    CHECK(program.runs() == after);
  });
}

TEST_CASE("tcx: an interface of another network namespace", "[tcx]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture netns;
  const auto drop = load_tc(tc_drop);
  const interface_target there{1, fd_ref{netns.get()}};
  {
    const auto link = attach({.interface = there, .hook = tcx_hook::ingress, .program = borrow(drop)});
    REQUIRE(sentence(link) == "");
    netns.run([] { CHECK(lo_loses()); });
    const auto found = query(tcx_query{.interface = there, .hook = tcx_hook::ingress});
    if (test::at_least(6, 6)) {
      REQUIRE(sentence(found) == "");
      REQUIRE(found->size() == 1);
      CHECK((*found)[0].program == program_id{id_of(drop)});
      CHECK(found->revision());
    } else {
      CHECK(found.error() == errc::not_supported);
      CHECK(found.error().cause() == cause::missing_feature);
    }
  }
  netns.run([] { CHECK(test::eventually([] { return lo_passes(); })); });
}

TEST_CASE("tcx: an attach is one system call and no allocation", "[tcx]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (lacks_tcx_links()) return;
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      const auto program = load_tc();
      const auto other = load_tc();
      const auto anchor_link = attach(on_lo(other));
      test::expect(anchor_link.has_value());
      auto options = on_lo(program);
      options.position = position::before(*anchor_link);
      test::syscall_supervisor supervisor;
      expect_one_call(supervisor, options);
      const tcx_query asked{.interface = index_of("lo"), .hook = tcx_hook::ingress};
      test::expect_equal(test::names(supervisor.record_calls([&] { test::expect(query(asked)->size() == 1); })),
                         "bpf(16)");
      const auto allocated = test::allocations([&] { test::expect(query(asked).has_value()); });
      test::expect_equal(static_cast<std::int64_t>(allocated.value_or(0)), 0, "allocations");
    });
  });
  CHECK(result.failure() == "");
}

TEST_CASE("tcx: what is pinned outlives the link", "[tcx]") {
  SKIP_IF(test::needs_root());
  if (lacks_tcx_links()) return;
  test::netns_fixture().run([] {
    const auto drop = load_tc(tc_drop);
    const test::bpffs_fixture bpffs;
    auto link = attach(on_lo(drop));
    REQUIRE(sentence(link) == "");
    check_pin_holds(*std::move(link), bpffs / "tcx", [] { return lo_loses(); });
    CHECK(test::eventually([] { return lo_passes(); }));
  });
}

}  // namespace bpflink
