// SPDX-License-Identifier: MIT
// What stands against a position in a cgroup, told by its cause.
#include <fcntl.h>
#include <sys/syscall.h>

#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/raw_link.hpp"
#include "bpflink/attach/raw_program.hpp"
#include "child_helpers.hpp"
#include "order_helpers.hpp"
#include "refusals.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/child.hpp"
#include "support/constants.hpp"
#include "support/syscall_supervisor.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

// A cgroup with a program by link and one without, and one that is to come.
struct world : ordered_cgroup {
  const test::fd& linked = one;
  const test::fd& bare = two;
  const test::fd& next = three;
  cgroup_link link = *attach(linked);

  world() {
    REQUIRE(test::prog_attach({cgroup.get(), bare.get(), at::cgroup_inet_egress, test::flag::allow_multi}) == 0);
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world() { static_cast<void>(test::prog_detach(cgroup.get(), bare.get(), at::cgroup_inet_egress)); }

  [[nodiscard]] expected<cgroup_link> refused(position where) const {
    return attach_egress(fd_ref{cgroup.get()}, next, where);
  }
};

}  // namespace

TEST_CASE("cgroup order: what is no position is refused without a system call", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  const ordered_cgroup here;
  const auto refused = [&](position where) { return attach_egress(fd_ref{here.cgroup.get()}, here.one, where); };
  const link_handle empty_link;
  check_refused(refused(position::before(empty_link)), errc::bad_handle, cause::empty_handle, 0,
                "the position's link handle is empty");
  check_refused(refused(position::after(program_ref{fd_ref{}})), errc::bad_handle, cause::empty_handle, 0,
                "the position's program handle is empty");
  check_refused(refused(position::before(program_ref{fd_ref{0}})), errc::invalid_argument, cause::bad_option, 0,
                "descriptor is 0");
  check_refused(attach(cgroup_options{.cgroup = fd_ref{here.cgroup.get()},
                                      .hook = cgroup_hook::inet_egress,
                                      .program = borrow(here.one),
                                      .expected_revision = revision{0}}),
                errc::invalid_argument, cause::bad_option, 0, "revision 0");
  CHECK(here.ids().empty());
}

TEST_CASE("cgroup order: an anchor that is not what it should be is told", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const world here;
  check_refused(here.refused(position::before(program_ref{fd_ref{9999}})), errc::bad_handle, cause::closed_descriptor,
                EINVAL, "position's program's descriptor 9999 is closed");
  check_refused(here.refused(position::before(program_ref{fd_ref{here.cgroup.get()}})), errc::wrong_type,
                cause::not_a_program, EINVAL, "the position's program's descriptor is not that of a program");
  check_refused(here.refused(position::before(link_id{0x7ffffffe})), errc::not_found, cause::no_such_id, ENOENT,
                "the position's link id 2147483646 is nobody's");
  check_refused(here.refused(position::before(program_id{0x7ffffffe})), errc::not_found, cause::no_such_id, EINVAL,
                "the position's program id 2147483646 is nobody's");
  // Nothing is attached by the failures, and what is right goes on working.
  CHECK(sentence(here.refused(position::before(here.link))) == "");
}

TEST_CASE("cgroup order: an anchor elsewhere is told, with what is there", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const world here;
  test::cgroup_fixture other;
  const auto elsewhere = here.record.load(4);
  const auto link =
      attach(cgroup_options{.cgroup = other.path(), .hook = cgroup_hook::inet_egress, .program = borrow(elsewhere)});
  REQUIRE(sentence(link) == "");
  const auto id = link->info()->id;
  const auto words =
      "the link with id " + std::to_string(id.value()) + ", which the position is relative to, is not attached there";
  check_refused(here.refused(position::before(*link)), errc::not_found, cause::anchor_missing, ENOENT, words);
  check_refused(here.refused(position::before(id)), errc::not_found, cause::anchor_missing, ENOENT, words);
  check_refused(here.refused(position::before(borrow(elsewhere))), errc::not_found, cause::anchor_missing, EINVAL,
                name_of(elsewhere) + ", which the position is relative to, is not attached there");
  CHECK_THAT(std::string{here.refused(position::before(*link)).error().hint()},
             test::contains("there is " + name_of(here.linked) + ", held by the link with id " +
                            std::to_string(here.link.info()->id.value())));

  // Another hook, another kind.
  const auto ingress = attach(
      cgroup_options{.cgroup = here.cgroup.path(), .hook = cgroup_hook::inet_ingress, .program = borrow(here.linked)});
  REQUIRE(sentence(ingress) == "");
  check_refused(here.refused(position::after(*ingress)), errc::not_found, cause::anchor_missing, ENOENT,
                "is not attached there");
  const auto raw = test::load({.type = of::raw_tracepoint});
  const auto tracepoint = link_handle::adopt(
      unique_fd::adopt(test::must(test::raw_tracepoint_open("task_newtask", raw.get()), "opening").release()));
  REQUIRE(sentence(tracepoint) == "");
  check_refused(here.refused(position::after(*tracepoint)), errc::not_found, cause::anchor_missing, ENOENT,
                "is not attached there");
  auto detached = attach(
      cgroup_options{.cgroup = here.cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(elsewhere)});
  REQUIRE(sentence(detached) == "");
  REQUIRE(sentence(detached->detach()) == "");
  check_refused(here.refused(position::after(*detached)), errc::not_found, cause::anchor_missing, ENOENT,
                "is not attached there");
}

TEST_CASE("cgroup order: links and programs without one have no place beside each other", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const world here;
  const auto words = name_of(here.bare) +
                     ", which the position is relative to, is attached without a link, and the kernel places programs "
                     "by link relative to their like only";
  check_refused(here.refused(position::before(borrow(here.bare))), errc::not_supported, cause::no_such_operation,
                EINVAL, words);
  check_refused(here.refused(position::after(program_id{test::program_id(here.bare.get())})), errc::not_supported,
                cause::no_such_operation, EINVAL, words);
  // In the same order they stand all the same.
  CHECK(sentence(here.refused(position::first())) == "");
}

TEST_CASE("cgroup order: a program that several links hold says not where", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const world here;
  const auto twice = attach(
      cgroup_options{.cgroup = here.cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(here.linked)});
  REQUIRE(sentence(twice) == "");
  check_refused(here.refused(position::before(borrow(here.linked))), errc::ambiguous, cause::bad_option, EINVAL,
                name_of(here.linked) + " is attached there by 2 links, so the position says not where");
  const auto link = here.refused(position::before(*twice));
  REQUIRE(sentence(link) == "");
  CHECK(here.ids() == ids_of({&here.linked, &here.bare, &here.next, &here.linked}));
}

TEST_CASE("cgroup order: preorder and the others stand in two orders", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const world here;
  const auto early = attach_egress(fd_ref{here.cgroup.get()}, here.next, position::last(), {}, true);
  REQUIRE(sentence(early) == "");
  const auto program = here.record.load(5);
  const auto refused = [&](position where, bool preorder) {
    return attach_egress(fd_ref{here.cgroup.get()}, program, where, {}, preorder);
  };
  check_refused(refused(position::before(*early), false), errc::invalid_argument, cause::bad_option, EINVAL,
                "is attached with preorder, and so stands in another order");
  check_refused(refused(position::before(here.link), true), errc::invalid_argument, cause::bad_option, EINVAL,
                "is attached without preorder");
  check_refused(refused(position::before(borrow(here.next)), false), errc::invalid_argument, cause::bad_option, EINVAL,
                "which the position is relative to, is attached with preorder");
  CHECK(sentence(refused(position::before(*early), true)) == "");
}

TEST_CASE("cgroup order: who may not look for the link is told so", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const world here;
  CHECK(test::in_child([&] {
          test::become_nobody({test::cap_net_admin});
          const auto error = failure_of(here.refused(position::before(borrow(here.linked))));
          expect(error == errc::permission_denied, error.message());
          expect(error.cause() == cause::missing_capability, error.message());
          expect_equal(error.sys_errno(), EINVAL);
          expect_contains(error.message(), "CAP_SYS_ADMIN is missing, so which link holds program 'digit1'");
          expect_contains(std::string{error.hint()}, "name the link");
          expect_equal(sentence(here.refused(position::before(here.link))), "");
        }).failure() == "");
}

TEST_CASE("cgroup order: what has nothing to do with the position is told first", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;
  const world here;
  const auto xdp = test::load({.type = of::xdp, .code = test::return_value(2)});
  check_refused(attach_egress(fd_ref{here.cgroup.get()}, xdp, position::before(borrow(here.linked))), errc::wrong_type,
                cause::wrong_program_type, EINVAL, "is of type xdp");
  check_refused(attach_egress(fd_ref{xdp.get()}, here.next, position::before(here.link)), errc::invalid_argument,
                cause::not_a_cgroup, EBADF, "no cgroup v2 directory");
  test::cgroup_fixture gone;
  const auto directory = test::open_file(gone.path(), O_RDONLY | O_CLOEXEC);
  gone.remove();
  check_refused(attach_egress(fd_ref{directory.get()}, here.next, position::first()), errc::defunct, cause::target_gone,
                ENOENT, "was removed");
}

TEST_CASE("cgroup order: a failure of the second try keeps the first", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  if (!has_cgroup_order()) return;
  const world here;
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor{std::vector<long>{SYS_bpf}};
          int tries = 0;
          std::optional<expected<cgroup_link>> made;
          supervisor.with_handler(
              [&tries](const test::observed_call& call) {
                const bool second = call.command() == test::command::link_create && ++tries == 2;
                return second ? test::verdict::fail(ESTALE) : test::verdict::proceed();
              },
              [&] { made.emplace(here.refused(position::before(borrow(here.linked)))); });
          const auto error = failure_of(*made);
          expect(error == errc::conflict, error.message());
          expect_equal(error.sys_errno(), ESTALE);
          expect(error.first() != nullptr, "the first failure is lost");
          expect_equal(error.first()->sys_errno(), EINVAL);
        }).failure() == "");
}

}  // namespace bpflink
