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
#include "support/traffic.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;

cgroup_link in_place(expected<cgroup_link> made) {
  REQUIRE(sentence(made) == "");
  return *std::move(made);
}

}  // namespace

TEST_CASE("cgroup: before 6.17 a position, a revision or preorder is refused, and nothing attached", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (has_cgroup_order()) return;
  const ordered_cgroup here;
  check_no_order(here.attach(here.one, position::first()));
  check_no_order(here.attach(here.one, position::last()));
  check_no_order(here.attach(here.one, position::before(borrow(here.one))));
  check_no_order(here.attach(here.one, position::after(link_id{1})));
  check_no_order(here.attach(here.one, {}, revision{1}));
  check_no_order(here.attach(here.one, position::first(), revision{1}));
  const auto preordered = attach(cgroup_options{
      .cgroup = here.cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(here.one), .preorder = true});
  if (!has_cgroup_preorder()) {
    check_no_order(preordered);
    CHECK(here.ids().empty());
  } else {
    CHECK(sentence(preordered) == "");
  }
}

TEST_CASE("cgroup: the first and the last place", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const ordered_cgroup here;
  const auto first = in_place(here.attach(here.one, position::first()));
  CHECK(here.order() == 0x1);
  const auto second = in_place(here.attach(here.two, position::last()));
  CHECK(here.order() == 0x12);
  const auto third = in_place(here.attach(here.three, position::first()));
  CHECK(here.order() == 0x312);
  const auto fourth = in_place(here.attach(here.four));
  CHECK(here.order() == 0x3124);
  CHECK(here.ids() == ids_of({&here.three, &here.one, &here.two, &here.four}));
  CHECK(first.mechanism() == mechanism::link);
  static_cast<void>(second);
}

TEST_CASE("cgroup: a place beside a link or a program, by handle, id or descriptor", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const ordered_cgroup here;
  const auto first = in_place(here.attach(here.one));
  const auto second = in_place(here.attach(here.two));
  const auto first_id = first.info()->id;
  const auto one_id = program_id{test::program_id(here.one.get())};
  const auto owner = program::from_id(one_id);
  REQUIRE(sentence(owner) == "");
  link_handle any = must(link_handle::from_id(first_id));

  const anchor anchors[] = {first, any, first_id, borrow(here.one), one_id, *owner};
  for (const auto& beside : anchors) {
    INFO(&beside - anchors);
    {
      const auto link = in_place(here.attach(here.three, position::before(beside)));
      CHECK(here.order() == 0x312);
      CHECK(here.ids() == ids_of({&here.three, &here.one, &here.two}));
    }
    const auto link = in_place(here.attach(here.three, position::after(beside)));
    CHECK(here.order() == 0x132);
    CHECK(ids_in(*ask_egress(here.cgroup.path())) == ids_of({&here.one, &here.three, &here.two}));
  }
}

TEST_CASE("cgroup: a verdict depends on the order", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  ordered_cgroup here;
  const auto drops = here.record.load(1, 0);
  const auto passes = here.record.load(2, 1);
  const auto dropping = in_place(here.attach(drops));
  const auto passing = in_place(here.attach(passes, position::before(dropping)));
  // Every program runs; one that drops is enough.
  CHECK(here.order() == 0x21);
  here.cgroup.enter([] { CHECK(test::udp_send() == EPERM); });
}

TEST_CASE("cgroup: the calls of an attach with an order, and not one more", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  if (!has_cgroup_order()) return;
  const ordered_cgroup here;
  CHECK(test::in_child([&] {
          const auto first = must(attach_egress(fd_ref{here.cgroup.get()}, here.one));
          const auto now = must(ask_egress(fd_ref{here.cgroup.get()}));
          test::syscall_supervisor supervisor;
          const auto calls = [&](position where, std::optional<revision> expected) {
            return test::names(supervisor.record_calls(
                [&] { static_cast<void>(attach_egress(fd_ref{here.cgroup.get()}, here.two, where, expected)); }));
          };
          expect_equal(calls(position::first(), {}), "bpf(28) close");
          expect_equal(calls(position::before(first), {}), "bpf(28) close");
          // Relative to a program, the kernel refuses once, and its link is looked for.
          const auto asked = calls(position::before(borrow(here.one)), {});
          expect(asked.starts_with("bpf(28) ") && asked.ends_with(" bpf(28) close"), asked);
        }).failure() == "");
}

TEST_CASE("cgroup: the revision moves with each change, and guards an attach", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  const ordered_cgroup here;
  if (!has_cgroup_order()) {
    const auto link = in_place(here.attach(here.one));
    const auto told = ask_egress(here.cgroup.path());
    REQUIRE(sentence(told) == "");
    CHECK_FALSE(told->revision());
    return;
  }
  const auto now = [&] {
    const auto told = ask_egress(here.cgroup.path());
    REQUIRE(sentence(told) == "");
    REQUIRE(told->revision());
    CHECK(told->revision()->value() == test::query(here.cgroup.get(), at::cgroup_inet_egress).revision);
    return *told->revision();
  };
  auto seen = now();
  const auto moved = [&] {
    const auto before = std::exchange(seen, now());
    return seen != before;
  };
  CHECK_FALSE(moved());
  auto link = in_place(here.attach(here.one, {}, seen));
  CHECK(moved());
  CHECK(sentence(link.update(borrow(here.two))) == "");
  CHECK(moved());
  CHECK(sentence(link.detach()) == "");
  CHECK(moved());

  const auto old = seen;
  const auto first = in_place(here.attach(here.one, position::first(), seen));
  CHECK(moved());
  for (const auto& where : {std::optional<position>{}, std::optional{position::last()}}) {
    const auto refused = here.attach(here.two, where, old);
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
  const ordered_cgroup here;
  unsigned asked = 0;
  const auto ask_again = [&] {
    ++asked;
    return ask_egress(here.cgroup.path());
  };
  const auto attach_if_unchanged = [&](const attached_programs& seen) {
    // Each of the first three times somebody else is faster.
    if (asked <= 3) {
      CHECK(test::in_child([&] {
              const auto flags = test::flag::allow_multi;
              if (asked % 2 == 1) {
                expect_equal(test::prog_attach({here.cgroup.get(), here.two.get(), at::cgroup_inet_egress, flags}), 0);
              } else {
                expect_equal(test::prog_detach(here.cgroup.get(), here.two.get(), at::cgroup_inet_egress), 0);
              }
            }).failure() == "");
    }
    return here.attach(here.one, position::first(), seen.revision());
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
  CHECK(here.order() == 0x12);
  CHECK(test::prog_detach(here.cgroup.get(), here.two.get(), at::cgroup_inet_egress) == 0);
}

TEST_CASE("cgroup: preorder runs from the root down, before the programs of the cgroups below", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  ordered_cgroup here;
  const auto below = here.cgroup.child("below");
  const auto attach_to = [&](const std::string& where, const test::fd& program, bool preorder,
                             std::optional<position> place = {}) {
    return in_place(attach(cgroup_options{.cgroup = where,
                                          .hook = cgroup_hook::inet_egress,
                                          .program = borrow(program),
                                          .position = place,
                                          .preorder = preorder}));
  };
  const auto above_late = attach_to(here.cgroup.path(), here.one, false);
  const auto below_late = attach_to(below, here.two, false);
  CHECK(here.record.of_datagram(below) == 0x21);
  const auto below_early = attach_to(below, here.three, true);
  const auto above_early = attach_to(here.cgroup.path(), here.four, true);
  CHECK(here.record.of_datagram(below) == 0x4321);
  const auto before_it = attach_to(here.cgroup.path(), here.five, true, position::before(above_early));
  CHECK(here.record.of_datagram(below) == 0x54321);

  const auto effective = ask_egress(below, attached_view::effective);
  REQUIRE(sentence(effective) == "");
  CHECK(ids_in(*effective) == ids_of({&here.five, &here.four, &here.three, &here.two, &here.one}));
  CHECK_FALSE(effective->revision());
  CHECK_FALSE(effective->mode());
  // In its own list the kernel tells places, and not that these two run first.
  CHECK(ids_in(*ask_egress(here.cgroup.path())) == ids_of({&here.one, &here.five, &here.four}));
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
  ordered_cgroup here;
  const auto below = here.cgroup.child("below");
  const auto attach_early = [&](mechanism_choice choice) {
    return attach(cgroup_options{.cgroup = here.cgroup.path(),
                                 .hook = cgroup_hook::inet_egress,
                                 .program = borrow(here.one),
                                 .preorder = true,
                                 .mechanism = choice});
  };
  auto link = in_place(attach_early(mechanism_choice::best));
  CHECK(link.mechanism() == mechanism::program_multi);
  const auto other = in_place(attach_egress(below, here.three));
  CHECK(here.record.of_datagram(below) == 0x13);
  // An update keeps it.
  CHECK(sentence(link.update(borrow(here.two))) == "");
  CHECK(here.record.of_datagram(below) == 0x23);
  CHECK(sentence(link.detach()) == "");
  CHECK(here.record.of_datagram(below) == 0x3);

  check_no_order(attach_early(mechanism_choice::link_only));
  CHECK(here.ids().empty());
}

TEST_CASE("older cgroup: no position and no revision is lost on the way", "[.][older-cgroup-order]") {
  const ordered_cgroup here;
  check_no_order(here.attach(here.one, position::first()));
  check_no_order(here.attach(here.one, {}, revision{1}));
  check_no_order(here.attach(here.one, position::after(borrow(here.one)), revision{1}));
  CHECK(here.ids().empty());
}

}  // namespace bpflink
