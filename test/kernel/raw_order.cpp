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

namespace at = test::attach_type;
namespace of = test::prog_type;

constexpr auto egress = attach_type::cgroup_inet_egress;

expected<void> attach_to(const test::cgroup_fixture& cgroup, const test::fd& program,
                         std::optional<raw_position> where = {}, std::optional<revision> expected = {},
                         bool preorder = false) {
  return attach_program({.target = fd_ref{cgroup.get()},
                         .program = borrow(program),
                         .hook = egress,
                         .mode = attach_mode::multi,
                         .position = where,
                         .expected_revision = expected,
                         .preorder = preorder});
}
expected<void> detach_at(const test::cgroup_fixture& cgroup, const test::fd& program,
                         std::optional<revision> expected = {}) {
  return detach_program(
      {.target = fd_ref{cgroup.get()}, .program = borrow(program), .hook = egress, .expected_revision = expected});
}

std::optional<revision> now_at(const test::cgroup_fixture& cgroup) {
  const auto found = query(raw_query{.target = fd_ref{cgroup.get()}, .hook = egress});
  REQUIRE(sentence(found) == "");
  return found->revision();
}

}  // namespace

TEST_CASE("raw_program: before 6.17 no order in a cgroup is lost without a word", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto program = record.load(1);
  check_no_order(attach_to(cgroup, program, position::first()));
  check_no_order(attach_to(cgroup, program, position::last()));
  check_no_order(attach_to(cgroup, program, {}, revision{1}));
  check_no_order(attach_program(
      {.target = fd_ref{cgroup.get()}, .program = borrow(program), .hook = egress, .expected_revision = revision{1}}));
  if (!has_cgroup_preorder()) check_no_order(attach_to(cgroup, program, {}, {}, true), "6.15");
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids.empty());

  // What is replaced, or detached, with a revision that such a kernel would pass over.
  const auto next = record.load(2);
  REQUIRE(sentence(attach_to(cgroup, program)) == "");
  check_no_order(attach_to(cgroup, next, position::replacing(borrow(program)), revision{1}));
  check_no_order(detach_at(cgroup, program, revision{1}));
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids == ids_of({&program}));
  CHECK(sentence(detach_at(cgroup, program)) == "");
}

TEST_CASE("raw_program: places in a cgroup, seen and run through", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto one = record.load(1);
  const auto two = record.load(2);
  const auto three = record.load(3);
  const auto four = record.load(4);
  const auto five = record.load(5);
  CHECK(sentence(attach_to(cgroup, one, position::first())) == "");
  CHECK(sentence(attach_to(cgroup, two, position::first())) == "");
  CHECK(record.of_datagram(cgroup.path()) == 0x21);
  CHECK(sentence(attach_to(cgroup, three, position::after(borrow(two)))) == "");
  CHECK(record.of_datagram(cgroup.path()) == 0x231);
  CHECK(sentence(attach_to(cgroup, four, position::before(program_id{test::program_id(one.get())}))) == "");
  CHECK(record.of_datagram(cgroup.path()) == 0x2341);
  CHECK(sentence(attach_to(cgroup, five, position::replacing(borrow(three)), now_at(cgroup))) == "");
  CHECK(record.of_datagram(cgroup.path()) == 0x2541);
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids == ids_of({&two, &five, &four, &one}));
  for (const auto* const program : {&one, &two, &four, &five}) CHECK(sentence(detach_at(cgroup, *program)) == "");
}

TEST_CASE("raw_program: revisions guard attaching, replacing and detaching in each mode", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto one = record.load(1);
  const auto two = record.load(2);
  const fd_ref here{cgroup.get()};
  const auto stale = revision{1000000};
  const auto words = "its revision is not the expected 1000000, but ";
  for (const auto mode : {attach_mode::exclusive, attach_mode::override, attach_mode::multi}) {
    INFO(to_string(mode));
    const auto attach_with = [&](const test::fd& program, std::optional<revision> expected) {
      return attach_program(
          {.target = here, .program = borrow(program), .hook = egress, .mode = mode, .expected_revision = expected});
    };
    check_refused(attach_with(one, stale), errc::conflict, cause::stale_revision, ESTALE, words);
    CHECK(sentence(attach_with(one, now_at(cgroup))) == "");
    CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids == ids_of({&one}));
    check_refused(detach_at(cgroup, one, stale), errc::conflict, cause::stale_revision, ESTALE, words);
    CHECK(record.of_datagram(cgroup.path()) == 0x1);
    CHECK(sentence(detach_at(cgroup, one, now_at(cgroup))) == "");
  }
  CHECK(sentence(attach_to(cgroup, one)) == "");
  check_refused(attach_to(cgroup, two, position::replacing(borrow(one)), stale), errc::conflict, cause::stale_revision,
                ESTALE, words);
  CHECK(sentence(attach_to(cgroup, two, position::replacing(borrow(one)), now_at(cgroup))) == "");
  CHECK(sentence(detach_at(cgroup, two)) == "");
}

TEST_CASE("raw_program: preorder across a parent and a child", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_preorder()) return;
  test::cgroup_fixture cgroup;
  const auto below = cgroup.child("below");
  const auto directory = test::open_file(below, O_RDONLY | O_CLOEXEC);
  const order_record record;
  const auto early = record.load(1);
  const auto own = record.load(2);
  const auto late = record.load(3);
  CHECK(sentence(attach_to(cgroup, late)) == "");
  CHECK(sentence(attach_to(cgroup, early, {}, {}, true)) == "");
  const raw_target child = fd_ref{directory.get()};
  CHECK(sentence(attach_at(child, egress, borrow(own), attach_mode::multi)) == "");
  CHECK(record.of_datagram(below) == 0x123);
  const auto effective = query(raw_query{.target = child, .hook = egress, .view = attached_view::effective});
  REQUIRE(sentence(effective) == "");
  CHECK(ids_in(*effective) == ids_of({&early, &own, &late}));
  CHECK(sentence(detach_from(child, egress, borrow(own))) == "");
  CHECK(sentence(detach_at(cgroup, early)) == "");
  CHECK(sentence(detach_at(cgroup, late)) == "");
}

TEST_CASE("raw_program: what stands against a place in a cgroup is told", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  test::cgroup_fixture cgroup;
  const order_record record;
  const auto there = record.load(1);
  const auto linked = record.load(2);
  const auto next = record.load(3);
  const auto early = record.load(4);
  REQUIRE(sentence(attach_to(cgroup, there)) == "");
  REQUIRE(sentence(attach_to(cgroup, early, {}, {}, true)) == "");
  const auto link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(linked)});
  REQUIRE(sentence(link) == "");
  const auto refused = [&](position where, errc code, bpflink::cause why, int number, const std::string& words) {
    check_refused(attach_to(cgroup, next, where), code, why, number, words);
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
  refused(position::before(program_ref{fd_ref{cgroup.get()}}), errc::wrong_type, cause::not_a_program, EINVAL,
          "not that of a program");
  refused(position::after(borrow(early)), errc::invalid_argument, cause::bad_option, EINVAL,
          "is attached with preorder, and so stands in another order");
  CHECK(sentence(detach_at(cgroup, there)) == "");
  CHECK(sentence(detach_at(cgroup, early)) == "");
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
  bad({.target = some, .program = which, .hook = map, .position = first}, "this hook has no order");
  bad({.target = some, .program = which, .hook = map, .expected_revision = revision{1}}, "this hook has no revisions");
  bad({.target = some, .program = which, .hook = map, .preorder = true}, "only cgroups have preorder");
  bad({.target = raw_target::this_netns(), .program = which, .hook = attach_type::flow_dissector, .position = first},
      "this hook has no order");
  bad({.target = some, .program = which, .hook = egress, .mode = attach_mode::override, .position = first},
      "a position is of mode multi only");
  bad({.target = some, .program = which, .hook = egress, .mode = attach_mode::override, .preorder = true},
      "preorder is of mode multi only");
  bad({.target = some, .program = which, .hook = egress, .expected_revision = revision{0}}, "revision 0");
  bad({.target = some, .program = fd_ref{0}, .hook = egress}, "descriptor 0");
  bad({.target = some, .program = which, .hook = egress, .position = position::after(program_ref{fd_ref{0}})},
      "descriptor is 0");
  check_refused(detach_program({.target = some, .program = which, .hook = map, .expected_revision = revision{1}}),
                errc::invalid_argument, cause::bad_option, 0, "this hook has no revisions");
  check_refused(detach_from(ifindex{1}, attach_type::tcx_ingress, fd_ref{0}), errc::invalid_argument, cause::bad_option,
                0, "the kernel takes descriptor 0 for no program");
}

}  // namespace bpflink
