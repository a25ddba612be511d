// SPDX-License-Identifier: MIT
// XDP in another namespace, and queries, where each system call fails in turn.
#include <sys/syscall.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "faults.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

constexpr ifindex lo = 1;
// Hundreds of runs, in guests without hardware's help, too.
constexpr unsigned patience = 150;

// Where nobody can tell whether a namespace is the caller's own, it is entered.
bool only_compares(const test::system_call& call) {
  return call.number == SYS_fstat || call.number == SYS_newfstatat || call.number == SYS_statx;
}

bool interrupted(const test::system_call& call, int error) {
  return error == EINTR && (call.number == SYS_sendto || call.number == SYS_recvfrom);
}

// A query under faults; `tolerated` says what may fail without its failing.
void fail_query(const xdp_query& asked, const faults::tolerance& tolerated) {
  test::syscall_supervisor supervisor;
  const auto run = [&] { return faults::outcome_of(query(asked)); };
  const auto count =
      faults::fail_all(supervisor, faults::few_errors(), {run, [](const auto&, const auto&) {}, tolerated});
  expect(count >= 4 * faults::few_errors().size(), "too few faults");
}

}  // namespace

TEST_CASE("faults: xdp in another network namespace", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto result = test::in_child(
      [] {
        const test::netns_fixture there;
        auto program = load_xdp();
        const auto path = there.path();
        const xdp_options options{.interface = {lo, path}, .program = borrow(program)};
        const auto home = test::own_netns_inode();
        const auto attached = [&] {
          bool found = false;
          there.run([&found] { found = test::xdp_of(lo.value()).attached != 0; });
          expect_equal(test::own_netns_inode(), home, "the caller's namespace");
          return found ? 1 : 0;
        };
        const auto may_work = [](const test::system_call& call, int error) {
          return only_compares(call) || faults::may_work(call, error);
        };
        expect(faults::fail_attach([&] { return attach(options); }, attached, may_work) >=
               3 * faults::all_errors().size());
        faults::expect_freed(std::move(program));
      },
      patience);
  CHECK(result.failure() == "");
}

TEST_CASE("faults: a query of xdp", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::in_child(
      [] {
        test::netns_fixture().run([] {
          fail_query({.interface = lo}, [](const test::system_call& call, int error) {
            return interrupted(call, error) || faults::may_work(call, error);
          });
        });
      },
      patience);
  CHECK(result.failure() == "");
}

TEST_CASE("faults: a query of xdp in another network namespace", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::in_child(
      [] {
        const test::netns_fixture there;
        fail_query({.interface = {lo, fd_ref{there.get()}}}, [](const test::system_call& call, int error) {
          return only_compares(call) || interrupted(call, error) || faults::may_work(call, error);
        });
      },
      patience);
  CHECK(result.failure() == "");
}

TEST_CASE("faults: an interface by its name", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const bool elsewhere = GENERATE(false, true);
  const auto result = test::in_child(
      [elsewhere] {
        const test::netns_fixture netns;
        const auto home = test::own_netns_inode();
        test::syscall_supervisor supervisor;
        const faults::operation find{
            .run =
                [&] {
                  return faults::outcome_of(elsewhere ? interface_target::from_name("lo", fd_ref{netns.get()})
                                                      : interface_target::from_name("lo"));
                },
            .after = [&](const auto&,
                         const auto& where) { expect_equal(test::own_netns_inode(), home, "the namespace " + where); },
            .tolerated = [](const test::system_call& call,
                            int error) { return only_compares(call) || faults::may_work(call, error); }};
        expect(faults::fail_all(supervisor, faults::all_errors(), find) >= 2 * faults::all_errors().size());
      },
      patience);
  CHECK(result.failure() == "");
}

TEST_CASE("faults: who holds an xdp program is left open where that cannot be asked", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto result = test::in_child(
      [] {
        test::netns_fixture().run([] {
          const auto program = load_xdp();
          const auto link = must(attach({.interface = lo, .program = borrow(program)}));
          std::optional<xdp_attached> last;
          test::syscall_supervisor supervisor;
          const auto run = [&] {
            const auto found = query({.interface = lo, .holders = true});
            if (found) last = found->generic;
            return faults::outcome_of(found);
          };
          const auto after = [&](const faults::outcome& ended, const std::string& where) {
            if (ended) return;
            expect(last && last->program.value() == test::program_id(program.get()), "another program after " + where);
            // What is told is true, or nothing.
            expect(!last->held_by || *last->held_by == mechanism::link || where.find("sendto") != std::string::npos ||
                       where.find("recvfrom") != std::string::npos,
                   "another holder after " + where);
          };
          const auto any = [](const test::system_call&, int) { return true; };
          expect(faults::fail_all(supervisor, faults::few_errors(), {run, after, any}) > 0);
        });
      },
      patience);
  CHECK(result.failure() == "");
}

}  // namespace bpflink
