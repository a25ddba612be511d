// SPDX-License-Identifier: MIT
// Positions, revisions and preorder of programs that a cgroup has without a link.
#include <fcntl.h>

#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/raw_query.hpp"
#include "order_helpers.hpp"
#include "raw_program.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

constexpr auto egress = attach_type::cgroup_inet_egress;

expected<void> attach_to(const ordered_cgroup& here, const test::fd& program, std::optional<raw_position> where = {},
                         std::optional<revision> expected = {}, bool preorder = false) {
  return attach_program({.target = fd_ref{here.cgroup.get()},
                         .hook = egress,
                         .program = borrow(program),
                         .mode = attach_mode::multi,
                         .position = where,
                         .expected_revision = expected,
                         .preorder = preorder});
}
expected<void> detach_at(const ordered_cgroup& here, const test::fd& program, std::optional<revision> expected = {}) {
  return detach_program(
      {.target = fd_ref{here.cgroup.get()}, .hook = egress, .program = borrow(program), .expected_revision = expected});
}

std::optional<revision> now_at(const ordered_cgroup& here) {
  const auto found = query(raw_query{.target = fd_ref{here.cgroup.get()}, .hook = egress});
  REQUIRE(sentence(found) == "");
  return found->revision();
}

}  // namespace

TEST_CASE("raw_program: before 6.17 no order in a cgroup is lost without a word", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (has_cgroup_order()) return;
  const ordered_cgroup here;
  check_no_order(attach_to(here, here.one, position::first()));
  check_no_order(attach_to(here, here.one, position::last()));
  check_no_order(attach_to(here, here.one, {}, revision{1}));
  check_no_order(attach_program({.target = fd_ref{here.cgroup.get()},
                                 .hook = egress,
                                 .program = borrow(here.one),
                                 .expected_revision = revision{1}}));
  if (!has_cgroup_preorder()) check_no_order(attach_to(here, here.one, {}, {}, true), "6.15");
  CHECK(here.ids().empty());

  // What is replaced, or detached, with a revision that such a kernel would pass over.
  REQUIRE(sentence(attach_to(here, here.one)) == "");
  check_no_order(attach_to(here, here.two, position::replacing(borrow(here.one)), revision{1}));
  check_no_order(detach_at(here, here.one, revision{1}));
  CHECK(here.ids() == ids_of({&here.one}));
  CHECK(sentence(detach_at(here, here.one)) == "");
}

TEST_CASE("raw_program: places in a cgroup, seen and run through", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const ordered_cgroup here;
  CHECK(sentence(attach_to(here, here.one, position::first())) == "");
  CHECK(sentence(attach_to(here, here.two, position::first())) == "");
  CHECK(here.order() == 0x21);
  CHECK(sentence(attach_to(here, here.three, position::after(borrow(here.two)))) == "");
  CHECK(here.order() == 0x231);
  CHECK(sentence(attach_to(here, here.four, position::before(program_id{test::program_id(here.one.get())}))) == "");
  CHECK(here.order() == 0x2341);
  CHECK(sentence(attach_to(here, here.five, position::replacing(borrow(here.three)), now_at(here))) == "");
  CHECK(here.order() == 0x2541);
  CHECK(here.ids() == ids_of({&here.two, &here.five, &here.four, &here.one}));
  for (const auto* const program : {&here.one, &here.two, &here.four, &here.five})
    CHECK(sentence(detach_at(here, *program)) == "");
}

TEST_CASE("raw_program: revisions guard attaching, replacing and detaching in each mode", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const ordered_cgroup here;
  const auto stale = revision{1000000};
  const auto words = "its revision is not the expected 1000000, but ";
  for (const auto mode : {attach_mode::exclusive, attach_mode::override, attach_mode::multi}) {
    INFO(to_string(mode));
    const auto attach_with = [&](const test::fd& program, std::optional<revision> expected) {
      return attach_program({.target = fd_ref{here.cgroup.get()},
                             .hook = egress,
                             .program = borrow(program),
                             .mode = mode,
                             .expected_revision = expected});
    };
    check_refused(attach_with(here.one, stale), errc::conflict, cause::stale_revision, ESTALE, words);
    CHECK(sentence(attach_with(here.one, now_at(here))) == "");
    CHECK(here.ids() == ids_of({&here.one}));
    check_refused(detach_at(here, here.one, stale), errc::conflict, cause::stale_revision, ESTALE, words);
    CHECK(here.order() == 0x1);
    CHECK(sentence(detach_at(here, here.one, now_at(here))) == "");
  }
  CHECK(sentence(attach_to(here, here.one)) == "");
  check_refused(attach_to(here, here.two, position::replacing(borrow(here.one)), stale), errc::conflict,
                cause::stale_revision, ESTALE, words);
  CHECK(sentence(attach_to(here, here.two, position::replacing(borrow(here.one)), now_at(here))) == "");
  CHECK(sentence(detach_at(here, here.two)) == "");
}

TEST_CASE("raw_program: preorder across a parent and a child", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_preorder()) return;
  ordered_cgroup here;
  const auto& early = here.one;
  const auto& own = here.two;
  const auto& late = here.three;
  const auto below = here.cgroup.child("below");
  const auto directory = test::open_file(below, O_RDONLY | O_CLOEXEC);
  CHECK(sentence(attach_to(here, late)) == "");
  CHECK(sentence(attach_to(here, early, {}, {}, true)) == "");
  const raw_target child = fd_ref{directory.get()};
  CHECK(sentence(attach_at(child, egress, borrow(own), attach_mode::multi)) == "");
  CHECK(here.record.of_datagram(below) == 0x123);
  const auto effective = query(raw_query{.target = child, .hook = egress, .view = attached_view::effective});
  REQUIRE(sentence(effective) == "");
  CHECK(ids_in(*effective) == ids_of({&early, &own, &late}));
  CHECK(sentence(detach_from(child, egress, borrow(own))) == "");
  CHECK(sentence(detach_at(here, early)) == "");
  CHECK(sentence(detach_at(here, late)) == "");
}

TEST_CASE("raw_program: what stands against a place in a cgroup is told", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const ordered_cgroup here;
  const auto& there = here.one;
  const auto& linked = here.two;
  const auto& next = here.three;
  const auto& early = here.four;
  REQUIRE(sentence(attach_to(here, there)) == "");
  REQUIRE(sentence(attach_to(here, early, {}, {}, true)) == "");
  const auto link =
      attach(cgroup_options{.cgroup = here.cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(linked)});
  REQUIRE(sentence(link) == "");
  const auto refused = [&](position where, errc code, bpflink::cause why, int number, const std::string& words) {
    check_refused(attach_to(here, next, where), code, why, number, words);
  };
  const std::string like = "attached by link, and the kernel places programs without a link relative to their like";
  refused(position::before(*link), errc::not_supported, cause::no_such_operation, EINVAL, like);
  refused(position::before(link->info()->id), errc::not_supported, cause::no_such_operation, EINVAL, like);
  refused(position::before(borrow(linked)), errc::not_supported, cause::no_such_operation, ENOENT, like);
  refused(position::before(borrow(next)), errc::not_found, cause::anchor_missing, ENOENT,
          "which the position is relative to, is not attached there");
  refused(position::before(program_id{0x7ffffffe}), errc::not_found, cause::no_such_id, ENOENT, "is nobody's");
  refused(position::before(program_ref{fd_ref{9999}}), errc::bad_handle, cause::closed_descriptor, EBADF,
          "9999 is closed");
  refused(position::before(program_ref{fd_ref{here.cgroup.get()}}), errc::wrong_type, cause::not_a_program, EINVAL,
          "not that of a program");
  refused(position::after(borrow(early)), errc::invalid_argument, cause::bad_option, EINVAL,
          "is attached with preorder, and so stands in another order");
  CHECK(sentence(detach_at(here, there)) == "");
  CHECK(sentence(detach_at(here, early)) == "");
}

TEST_CASE("raw_program: an order where there is none is refused without a system call", "[raw_program]") {
  SKIP_IF(test::needs_root());
  const auto program = load_egress();
  const fd_ref some{program.get()};
  const auto bad = [&](raw_attach_options options, const std::string& words) {
    check_refused(attach_program(options), errc::invalid_argument, cause::bad_option, 0, words);
  };
  const auto which = borrow(program);
  const auto map = attach_type::sk_msg_verdict;
  const auto first = position::first();
  bad({.target = some, .hook = map, .program = which, .position = first}, "this hook has no order");
  bad({.target = some, .hook = map, .program = which, .expected_revision = revision{1}}, "this hook has no revisions");
  bad({.target = some, .hook = map, .program = which, .preorder = true}, "only cgroups have preorder");
  bad({.target = raw_target::this_netns(), .hook = attach_type::flow_dissector, .program = which, .position = first},
      "this hook has no order");
  bad({.target = some, .hook = egress, .program = which, .mode = attach_mode::override, .position = first},
      "a position is of mode multi only");
  bad({.target = some, .hook = egress, .program = which, .mode = attach_mode::override, .preorder = true},
      "preorder is of mode multi only");
  bad({.target = some, .hook = egress, .program = which, .expected_revision = revision{0}}, "revision 0");
  bad({.target = some, .hook = egress, .program = fd_ref{0}}, "descriptor 0");
  bad({.target = some, .hook = egress, .program = which, .position = position::after(program_ref{fd_ref{0}})},
      "descriptor is 0");
  check_refused(detach_program({.target = some, .hook = map, .program = which, .expected_revision = revision{1}}),
                errc::invalid_argument, cause::bad_option, 0, "this hook has no revisions");
  check_refused(detach_from(ifindex{1}, attach_type::tcx_ingress, fd_ref{0}), errc::invalid_argument, cause::bad_option,
                0, "the kernel takes descriptor 0 for no program");
}

}  // namespace bpflink
