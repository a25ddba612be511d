// SPDX-License-Identifier: MIT
// Positions, revisions and preorder of links to cgroups.
#include <sys/syscall.h>

#include <optional>
#include <string>
#include <vector>

#include "child_helpers.hpp"
#include "order_helpers.hpp"
#include "support/child.hpp"
#include "support/old_kernel.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;

expected<cgroup_link> attach_egress(cgroup_target cgroup, const test::fd& program, std::optional<position> where = {},
                                    std::optional<revision> expected = {}) {
  return attach(cgroup_options{.cgroup = cgroup,
                               .hook = cgroup_hook::inet_egress,
                               .program = borrow(program),
                               .position = where,
                               .expected_revision = expected});
}

expected<attached_programs> ask(cgroup_target cgroup, attached_view view = attached_view::here) {
  return query(cgroup_query{.cgroup = cgroup, .hook = cgroup_hook::inet_egress, .view = view});
}

cgroup_link in_place(expected<cgroup_link> made) {
  REQUIRE(sentence(made) == "");
  return *std::move(made);
}

}  // namespace

TEST_CASE("cgroup: before 6.17 a position, a revision or preorder is refused, and nothing attached", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto program = record.load(1);
  check_no_order(attach_egress(cgroup.path(), program, position::first()));
  check_no_order(attach_egress(cgroup.path(), program, position::last()));
  check_no_order(attach_egress(cgroup.path(), program, position::before(borrow(program))));
  check_no_order(attach_egress(cgroup.path(), program, position::after(link_id{1})));
  check_no_order(attach_egress(cgroup.path(), program, {}, revision{1}));
  check_no_order(attach_egress(cgroup.path(), program, position::first(), revision{1}));
  const auto preordered = attach(cgroup_options{
      .cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(program), .preorder = true});
  if (!has_cgroup_preorder()) {
    check_no_order(preordered);
    CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids.empty());
  } else {
    CHECK(sentence(preordered) == "");
  }
}

TEST_CASE("cgroup: the first and the last place", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto one = record.load(1);
  const auto two = record.load(2);
  const auto three = record.load(3);
  const auto four = record.load(4);
  const auto first = in_place(attach_egress(cgroup.path(), one, position::first()));
  CHECK(record.of_datagram(cgroup.path()) == 0x1);
  const auto second = in_place(attach_egress(cgroup.path(), two, position::last()));
  CHECK(record.of_datagram(cgroup.path()) == 0x12);
  const auto third = in_place(attach_egress(cgroup.path(), three, position::first()));
  CHECK(record.of_datagram(cgroup.path()) == 0x312);
  const auto fourth = in_place(attach_egress(cgroup.path(), four));
  CHECK(record.of_datagram(cgroup.path()) == 0x3124);
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids == ids_of({&three, &one, &two, &four}));
  CHECK(first.mechanism() == mechanism::link);
  static_cast<void>(second);
}

TEST_CASE("cgroup: a place beside a link or a program, by handle, id or descriptor", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto one = record.load(1);
  const auto two = record.load(2);
  const auto new_one = record.load(3);
  const auto first = in_place(attach_egress(cgroup.path(), one));
  const auto second = in_place(attach_egress(cgroup.path(), two));
  const auto first_id = first.info()->id;
  const auto one_id = program_id{test::program_id(one.get())};
  const auto owner = program::from_id(one_id);
  REQUIRE(sentence(owner) == "");
  link_handle any = must(link_handle::from_id(first_id));

  const anchor anchors[] = {first, any, first_id, borrow(one), one_id, *owner};
  for (const auto& beside : anchors) {
    INFO(&beside - anchors);
    {
      const auto link = in_place(attach_egress(cgroup.path(), new_one, position::before(beside)));
      CHECK(record.of_datagram(cgroup.path()) == 0x312);
      CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids == ids_of({&new_one, &one, &two}));
    }
    const auto link = in_place(attach_egress(cgroup.path(), new_one, position::after(beside)));
    CHECK(record.of_datagram(cgroup.path()) == 0x132);
    CHECK(ids_in(*ask(cgroup.path())) == ids_of({&one, &new_one, &two}));
  }
}

TEST_CASE("cgroup: a verdict depends on the order", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto drops = record.load(1, 0);
  const auto passes = record.load(2, 1);
  const auto dropping = in_place(attach_egress(cgroup.path(), drops));
  const auto passing = in_place(attach_egress(cgroup.path(), passes, position::before(dropping)));
  // Every program runs; one that drops is enough.
  CHECK(record.of_datagram(cgroup.path()) == 0x21);
  cgroup.enter([] { CHECK(test::udp_send() == EPERM); });
}

TEST_CASE("cgroup: the calls of an attach with an order, and not one more", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  if (!has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto one = record.load(1);
  const auto two = record.load(2);
  CHECK(test::in_child([&] {
          const auto first = must(attach_egress(fd_ref{cgroup.get()}, one));
          const auto now = must(ask(fd_ref{cgroup.get()}));
          test::syscall_supervisor supervisor;
          const auto calls = [&](position where, std::optional<revision> expected) {
            return test::names(supervisor.record_calls(
                [&] { static_cast<void>(attach_egress(fd_ref{cgroup.get()}, two, where, expected)); }));
          };
          expect_equal(calls(position::first(), {}), "bpf(28) close");
          expect_equal(calls(position::before(first), {}), "bpf(28) close");
          // Relative to a program, the kernel refuses once, and its link is looked for.
          const auto asked = calls(position::before(borrow(one)), {});
          expect(asked.starts_with("bpf(28) ") && asked.ends_with(" bpf(28) close"), asked);
        }).failure() == "");
}

TEST_CASE("cgroup: the revision moves with each change, and guards an attach", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto one = record.load(1);
  const auto two = record.load(2);
  if (!has_cgroup_order()) {
    const auto link = in_place(attach_egress(cgroup.path(), one));
    const auto told = ask(cgroup.path());
    REQUIRE(sentence(told) == "");
    CHECK_FALSE(told->revision());
    return;
  }
  const auto now = [&] {
    const auto told = ask(cgroup.path());
    REQUIRE(sentence(told) == "");
    REQUIRE(told->revision());
    CHECK(told->revision()->value() == test::query(cgroup.get(), at::cgroup_inet_egress).revision);
    return *told->revision();
  };
  auto seen = now();
  const auto moved = [&] {
    const auto before = std::exchange(seen, now());
    return seen != before;
  };
  CHECK_FALSE(moved());
  auto link = in_place(attach_egress(cgroup.path(), one, {}, seen));
  CHECK(moved());
  CHECK(sentence(link.update(borrow(two))) == "");
  CHECK(moved());
  CHECK(sentence(link.detach()) == "");
  CHECK(moved());

  const auto old = seen;
  const auto first = in_place(attach_egress(cgroup.path(), one, position::first(), seen));
  CHECK(moved());
  for (const auto& where : {std::optional<position>{}, std::optional{position::last()}}) {
    const auto refused = attach_egress(cgroup.path(), two, where, old);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::conflict);
    CHECK(refused.error().cause() == cause::stale_revision);
    CHECK(refused.error().sys_errno() == ESTALE);
    CHECK_THAT(refused.error().message(),
               test::contains("its revision is not the expected " + std::to_string(old.value()) + ", but " +
                              std::to_string(seen.value())));
  }
  CHECK_FALSE(moved());
}

TEST_CASE("cgroup: an attach that is tried again where another process changes the hook", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  if (!has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto ours = record.load(1);
  const auto theirs = record.load(2);
  unsigned asked = 0;
  const auto ask_again = [&] {
    ++asked;
    return ask(cgroup.path());
  };
  const auto attach_if_unchanged = [&](const attached_programs& seen) {
    // Each of the first three times somebody else is faster.
    if (asked <= 3) {
      CHECK(test::in_child([&] {
              const auto flags = test::flag::allow_multi;
              if (asked % 2 == 1) {
                expect_equal(test::prog_attach({cgroup.get(), theirs.get(), at::cgroup_inet_egress, flags}), 0);
              } else {
                expect_equal(test::prog_detach(cgroup.get(), theirs.get(), at::cgroup_inet_egress), 0);
              }
            }).failure() == "");
    }
    return attach_egress(cgroup.path(), ours, position::first(), seen.revision());
  };
  {
    const auto given_up = retry_on_change(ask_again, attach_if_unchanged, 2);
    REQUIRE_FALSE(given_up);
    CHECK(given_up.error().cause() == cause::stale_revision);
    CHECK(asked == 2);
  }
  const auto link = retry_on_change(ask_again, attach_if_unchanged);
  REQUIRE(sentence(link) == "");
  CHECK(asked == 4);
  CHECK(record.of_datagram(cgroup.path()) == 0x12);
  CHECK(test::prog_detach(cgroup.get(), theirs.get(), at::cgroup_inet_egress) == 0);
}

TEST_CASE("cgroup: preorder runs from the root down, before the programs of the cgroups below", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const auto below = cgroup.child("below");
  const order_record record;
  const test::fd programs[] = {record.load(1), record.load(2), record.load(3), record.load(4), record.load(5)};
  const auto attach_to = [&](const std::string& where, const test::fd& program, bool preorder,
                             std::optional<position> place = {}) {
    return in_place(attach(cgroup_options{.cgroup = where,
                                          .hook = cgroup_hook::inet_egress,
                                          .program = borrow(program),
                                          .position = place,
                                          .preorder = preorder}));
  };
  const auto above_late = attach_to(cgroup.path(), programs[0], false);
  const auto below_late = attach_to(below, programs[1], false);
  CHECK(record.of_datagram(below) == 0x21);
  const auto below_early = attach_to(below, programs[2], true);
  const auto above_early = attach_to(cgroup.path(), programs[3], true);
  CHECK(record.of_datagram(below) == 0x4321);
  const auto before_it = attach_to(cgroup.path(), programs[4], true, position::before(above_early));
  CHECK(record.of_datagram(below) == 0x54321);

  const auto effective = ask(below, attached_view::effective);
  REQUIRE(sentence(effective) == "");
  CHECK(ids_in(*effective) == ids_of({&programs[4], &programs[3], &programs[2], &programs[1], &programs[0]}));
  CHECK_FALSE(effective->revision());
  CHECK_FALSE(effective->mode());
  // In its own list the kernel tells places, and not that these two run first.
  CHECK(ids_in(*ask(cgroup.path())) == ids_of({&programs[0], &programs[4], &programs[3]}));
}

TEST_CASE("cgroup: what came with 6.17, where links have not come yet", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_seccomp());
  if (!has_cgroup_preorder()) return;
  CHECK(test::on_old_kernel("older-cgroup-order", [] {
          test::refuse_bpf({test::command::link_create}, EINVAL);
        }).failure() == "");
}

TEST_CASE("older cgroup: preorder by the older mechanism", "[.][older-cgroup-order]") {
  test::cgroup_fixture cgroup;
  const auto below = cgroup.child("below");
  const order_record record;
  const auto early = record.load(1);
  const auto next = record.load(2);
  const auto late = record.load(3);
  const auto attach_early = [&](mechanism_choice choice) {
    return attach(cgroup_options{.cgroup = cgroup.path(),
                                 .hook = cgroup_hook::inet_egress,
                                 .program = borrow(early),
                                 .preorder = true,
                                 .mechanism = choice});
  };
  auto link = in_place(attach_early(mechanism_choice::best));
  CHECK(link.mechanism() == mechanism::program_multi);
  const auto other = in_place(attach_egress(below, late));
  CHECK(record.of_datagram(below) == 0x13);
  // An update keeps it.
  CHECK(sentence(link.update(borrow(next))) == "");
  CHECK(record.of_datagram(below) == 0x23);
  CHECK(sentence(link.detach()) == "");
  CHECK(record.of_datagram(below) == 0x3);

  check_no_order(attach_early(mechanism_choice::link_only));
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids.empty());
}

TEST_CASE("older cgroup: no position and no revision is lost on the way", "[.][older-cgroup-order]") {
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto program = record.load(1);
  check_no_order(attach_egress(cgroup.path(), program, position::first()));
  check_no_order(attach_egress(cgroup.path(), program, {}, revision{1}));
  check_no_order(attach_egress(cgroup.path(), program, position::after(borrow(program)), revision{1}));
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids.empty());
}

}  // namespace bpflink
