// SPDX-License-Identifier: MIT
// tcx where the kernel has no links for it, as before Linux 6.6: the hidden cases run where BPF_LINK_CREATE is unknown.
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "link_checks.hpp"
#include "support/catch.hpp"
#include "support/old_kernel.hpp"
#include "support/seccomp.hpp"
#include "support/tc.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

using test::contains;
using filters = std::vector<test::tc_filter>;

constexpr tcx_hook both[] = {tcx_hook::ingress, tcx_hook::egress};

tcx_options on_lo(const test::counted_program& program, tcx_hook hook = tcx_hook::ingress, tcx_filter filter = {}) {
  return {.interface = index_of("lo"), .hook = hook, .program = borrow(program), .filter = filter};
}

unsigned lo() { return test::ifindex_of("lo"); }
std::uint32_t id_of(const test::counted_program& program) { return test::program_id(program.get()); }
test::tc_hook raw(tcx_hook hook) { return hook == tcx_hook::ingress ? test::tc_hook::ingress : test::tc_hook::egress; }
filters on(tcx_hook hook) { return test::filters(lo(), raw(hook)); }
test::tc_request at(std::uint16_t priority, std::uint32_t handle, const test::counted_program& program,
                    tcx_hook hook = tcx_hook::ingress) {
  return {.ifindex = lo(), .hook = raw(hook), .priority = priority, .handle = handle, .program_fd = program.get()};
}

}  // namespace

TEST_CASE("tcx: without links it is attached by a filter", "[tcx]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  CHECK(test::on_old_kernel(
            "old-tcx", [] { test::refuse_bpf({test::command::link_create}); }, 100)
            .failure() == "");
}

TEST_CASE("old tcx: packets are dropped until the handle is detached or closed", "[.][old-tcx]") {
  test::netns_fixture().run([] {
    for (const auto hook : both) {
      INFO(to_string(hook));
      const auto program = load_tc(tc_drop);
      auto link = attach(on_lo(program, hook));
      REQUIRE(sentence(link) == "");
      check_no_bpf_link(*link, mechanism::netlink);
      CHECK(lo_loses());
      CHECK(program.runs() == 1);
      REQUIRE(on(hook).size() == 1);
      CHECK(on(hook)[0].program_id == id_of(program));
      CHECK(on(hook)[0].direct_action);
      CHECK(test::ingress_qdisc(lo()) == "clsact");
      CHECK(sentence(link->detach()) == "");
      CHECK(lo_passes());
      CHECK(test::ingress_qdisc(lo()) == "");
      check_stays_detached(*link, borrow(program));

      CHECK(sentence(attach(on_lo(program, hook))) == "");
      CHECK(on(hook).empty());
      auto third = attach(on_lo(program, hook));
      REQUIRE(sentence(third) == "");
      CHECK(sentence(third->close()) == "");
      CHECK(lo_passes());
      CHECK(test::ingress_qdisc(lo()) == "");
    }
  });
}

TEST_CASE("old tcx: update swaps the program in the same filter", "[.][old-tcx]") {
  test::netns_fixture().run([] {
    const auto pass = load_tc(tc_pass, "pass");
    const auto drop = load_tc(tc_drop, "drop");
    auto link = attach(on_lo(pass));
    REQUIRE(sentence(link) == "");
    auto expected = on(tcx_hook::ingress);
    REQUIRE(expected.size() == 1);
    CHECK(sentence(link->update(borrow(drop))) == "");
    expected[0].program_id = id_of(drop);
    CHECK(on(tcx_hook::ingress) == expected);
    CHECK(lo_loses());
    CHECK(sentence(link->update(borrow(pass), borrow(drop))) == "");
    CHECK(lo_passes());
    CHECK(sentence(link->update(borrow(pass))) == "");

    check_conflict(*link, pass, drop);
    check_no_misfits(*link, borrow(drop));
    expected[0].program_id = id_of(pass);
    CHECK(on(tcx_hook::ingress) == expected);
  });
}

TEST_CASE("old tcx: priority and handle are those asked for, else the kernel's own", "[.][old-tcx]") {
  test::netns_fixture().run([] {
    const auto program = load_tc();
    const auto other = load_tc(tc_next, "other");
    const auto third = load_tc();
    const auto link = attach(on_lo(program, tcx_hook::egress, {.priority = 7, .handle = 42}));
    REQUIRE(sentence(link) == "");
    CHECK(on(tcx_hook::egress) == filters{{7, 42, id_of(program), "bpf", true}});
    const auto beside = attach(on_lo(other, tcx_hook::egress, {.priority = 7}));
    REQUIRE(sentence(beside) == "");
    REQUIRE(on(tcx_hook::egress).size() == 2);
    for (const auto& row : on(tcx_hook::egress)) CHECK(row.priority == 7);
    // The kernel puts a filter without a priority before the others that have none.
    const auto free = attach(on_lo(third, tcx_hook::egress));
    REQUIRE(sentence(free) == "");
    CHECK(on(tcx_hook::egress).size() == 3);

    const auto taken = error_of(attach(on_lo(third, tcx_hook::egress, {.priority = 7, .handle = 42})));
    CHECK(taken == errc::busy);
    CHECK(taken.cause() == cause::slot_taken);
    CHECK(taken.sys_errno() == EEXIST);
    CHECK(taken.operation() == operation::netlink_new_filter);
    CHECK_THAT(taken.message(),
               contains("priority 7 and the handle 42") && contains("(id " + std::to_string(id_of(program)) + ")"));
    REQUIRE(taken.first() != nullptr);
    CHECK(taken.first()->operation() == operation::link_create);
    CHECK_THAT(taken.first()->message(), contains("Linux 6.6"));
  });
}

TEST_CASE("old tcx: a priority of filters of another kind or protocol is told", "[.][old-tcx]") {
  test::netns_fixture().run([] {
    const auto program = load_tc();
    REQUIRE(test::make_qdisc(lo(), "clsact") == 0);
    auto ipv4 = at(9, 1, program);
    ipv4.protocol = 0x0800;
    REQUIRE(test::add_filter(ipv4) == 0);
    const auto taken = error_of(attach(on_lo(program, tcx_hook::ingress, {.priority = 9})));
    CHECK(taken == errc::busy);
    CHECK(taken.cause() == cause::slot_taken);
    CHECK_THAT(taken.message(),
               contains("a bpf filter has the priority 9, and takes no other kind or protocol beside it"));
  });
}

TEST_CASE("old tcx: the qdisc goes with its last filter, if this made it", "[.][old-tcx]") {
  test::netns_fixture().run([] {
    const auto program = load_tc();
    const auto other = load_tc();
    SECTION("it was there") {
      REQUIRE(test::make_qdisc(lo(), "clsact") == 0);
      CHECK(sentence(attach(on_lo(program))) == "");
      CHECK(test::ingress_qdisc(lo()) == "clsact");
    }
    SECTION("others use it, at either hook") {
      for (const auto hook : both) {
        auto link = attach(on_lo(program));
        REQUIRE(sentence(link) == "");
        REQUIRE(test::add_filter(at(3, 1, other, hook)) == 0);
        CHECK(sentence(link->close()) == "");
        CHECK(test::ingress_qdisc(lo()) == "clsact");
        CHECK(on(hook) == filters{{3, 1, id_of(other), "bpf", true}});
        REQUIRE(test::delete_qdisc(lo()) == 0);
      }
    }
    SECTION("a refused attach leaves none") {
      const auto filter = test::load({.type = test::prog_type::socket_filter});
      const auto refused =
          error_of(attach({.interface = index_of("lo"), .hook = tcx_hook::ingress, .program = borrow(filter)}));
      CHECK(refused == errc::wrong_type);
      CHECK(refused.cause() == cause::wrong_program_type);
      CHECK(test::ingress_qdisc(lo()) == "");
    }
    SECTION("an ingress qdisc serves for ingress, and is in the way of egress") {
      REQUIRE(test::make_qdisc(lo(), "ingress") == 0);
      {
        const auto link = attach(on_lo(program));
        REQUIRE(sentence(link) == "");
        CHECK(lo_passes());
        CHECK(program.runs() == 1);
        const auto refused = error_of(attach(on_lo(other, tcx_hook::egress)));
        CHECK(refused == errc::busy);
        CHECK(refused.cause() == cause::slot_taken);
        CHECK(refused.sys_errno() == EEXIST);
        CHECK(refused.operation() == operation::netlink_new_qdisc);
        CHECK_THAT(refused.message(), contains("an ingress qdisc is where clsact"));
        CHECK(on(tcx_hook::ingress).size() == 1);
      }
      CHECK(on(tcx_hook::ingress).empty());
      CHECK(test::ingress_qdisc(lo()) == "ingress");
    }
  });
}

TEST_CASE("old tcx: closing takes away no other's filter", "[.][old-tcx]") {
  test::netns_fixture().run([] {
    const auto ours = load_tc();
    const auto other = load_tc(tc_next, "other");
    auto link = attach(on_lo(ours, tcx_hook::ingress, {.priority = 5, .handle = 6}));
    REQUIRE(sentence(link) == "");
    REQUIRE(test::add_filter(at(5, 6, other)) == 0);
    const filters theirs{{5, 6, id_of(other), "bpf", true}};

    const auto updated = error_of(link->update(borrow(ours)));
    CHECK(updated == errc::conflict);
    CHECK(updated.cause() == cause::other_program);
    CHECK_THAT(updated.message(), contains("'other'"));
    CHECK(on(tcx_hook::ingress) == theirs);
    CHECK(error_of(link->detach()).cause() == cause::not_attached);
    const auto closed = error_of(link->close());
    CHECK(closed == errc::not_found);
    CHECK(closed.cause() == cause::not_attached);
    CHECK_FALSE(*link);
    CHECK(on(tcx_hook::ingress) == theirs);
    REQUIRE(test::delete_qdisc(lo()) == 0);

    // The filter is gone, or the qdisc with it.
    for (const bool qdisc : {false, true}) {
      auto second = attach(on_lo(ours, tcx_hook::ingress, {.priority = 5, .handle = 6}));
      REQUIRE(sentence(second) == "");
      REQUIRE((qdisc ? test::delete_qdisc(lo()) : test::delete_filter(at(5, 6, ours))) == 0);
      const auto gone = error_of(second->update(borrow(other)));
      CHECK(gone == errc::defunct);
      CHECK(gone.cause() == cause::detached);
      CHECK(error_of(second->close()).cause() == cause::not_attached);
      CHECK(test::ingress_qdisc(lo()) == "");
    }
  });
}

TEST_CASE("old tcx: positions, revisions and links alone are refused, and since when there are some", "[.][old-tcx]") {
  test::netns_fixture().run([] {
    const auto program = load_tc();
    const auto other = load_tc();
    const auto there = attach(on_lo(other));
    REQUIRE(sentence(there) == "");
    auto first = on_lo(program);
    first.position = position::first();
    auto last = on_lo(program);
    last.position = position::last();
    auto seen = on_lo(program);
    seen.expected_revision = revision{1};
    auto alone = on_lo(program);
    alone.mechanism = mechanism_choice::link_only;
    for (const auto& options : {first, last, seen, alone}) {
      const auto refused = error_of(attach(options));
      CHECK(refused == errc::not_supported);
      CHECK(refused.cause() == cause::missing_feature);
      CHECK_THAT(refused.message(), contains("tcx") && contains("Linux 6.6"));
      CHECK(on(tcx_hook::ingress).size() == 1);
    }
    CHECK_THAT(error_of(attach(first)).message(), contains("no positions"));
    CHECK_THAT(error_of(attach(seen)).message(), contains("no revisions"));
    auto behind = on_lo(program);
    behind.position = position::after(*there);
    const auto relative = error_of(attach(behind));
    CHECK(relative == errc::not_supported);
    CHECK(relative.operation() == operation::none);
  });
}

TEST_CASE("old tcx: a handle does its work on threads of other namespaces", "[.][old-tcx]") {
  const test::netns_fixture netns;
  const auto pass = load_tc(tc_pass);
  const auto drop = load_tc(tc_drop);
  auto link = attach({.interface = {1, fd_ref{netns.get()}}, .hook = tcx_hook::ingress, .program = borrow(pass)});
  REQUIRE(sentence(link) == "");
  CHECK(sentence(link->update(borrow(drop))) == "");
  netns.run([] { CHECK(lo_loses()); });
  CHECK(sentence(link->close()) == "");
  netns.run([] {
    CHECK(on(tcx_hook::ingress).empty());
    CHECK(test::ingress_qdisc(lo()) == "");
  });
}

TEST_CASE("old tcx: a released filter stays", "[.][old-tcx]") {
  test::netns_fixture().run([] {
    const auto program = load_tc();
    auto link = attach(on_lo(program));
    REQUIRE(sentence(link) == "");
    CHECK_FALSE(std::move(*link).release());
    REQUIRE(on(tcx_hook::ingress).size() == 1);
    CHECK(on(tcx_hook::ingress)[0].program_id == id_of(program));
  });
}

TEST_CASE("old tcx: an interface that went away is told, and closing is no error", "[.][old-tcx]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    const auto program = load_tc();
    auto link = attach({.interface = index_of("left"), .hook = tcx_hook::egress, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    test::delete_interface("left");
    check_refused(link->update(borrow(program)), errc::defunct, cause::target_gone);
    CHECK(sentence(link->close()) == "");

    check_refused(attach({.interface = index_of(9999), .hook = tcx_hook::ingress, .program = borrow(program)}),
                  errc::not_found, cause::no_such_interface);
  });
}

}  // namespace bpflink
