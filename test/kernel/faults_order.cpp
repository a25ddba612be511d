// SPDX-License-Identifier: MIT
// Order, where each of its system calls fails in turn.
#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/raw_program.hpp"
#include "faults.hpp"
#include "order_helpers.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;

constexpr auto egress = test::attach_type::cgroup_inet_egress;

// Runs f in a child with a cgroup whose hook has an order, and a program for it; where there is none, not at all.
std::string with_order(const std::function<void(const test::cgroup_fixture&, test::counted_program)>& f) {
  if (!has_cgroup_order()) return {};
  const test::cgroup_fixture cgroup;
  return test::in_child([&] { f(cgroup, load_egress()); }, 60).failure();
}

cgroup_options at_egress(const test::cgroup_fixture& cgroup, const test::counted_program& program,
                         std::optional<position> where = {}) {
  return {
      .cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = borrow(program), .position = where};
}

}  // namespace

TEST_CASE("faults: a link in its place in a cgroup", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_cgroup2());
  CHECK(with_order([](const test::cgroup_fixture& cgroup, test::counted_program program) {
          const auto other = load_egress();
          const auto there = must(attach(at_egress(cgroup, other)));
          auto options = at_egress(cgroup, program, position::before(there));
          options.cgroup = cgroup.path();
          expect(faults::fail_attach([&] { return attach(options); }, [&] { return faults::links_of(program); }) > 0);
          faults::expect_freed(std::move(program));
        }) == "");
}

TEST_CASE("faults: a place beside a program, whose link is looked for", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_cgroup2());
  CHECK(with_order([](const test::cgroup_fixture& cgroup, const test::counted_program& program) {
          const auto other = load_egress();
          const auto there = must(attach(at_egress(cgroup, other)));
          std::optional<expected<cgroup_link>> made;
          const auto attach_it = [&] {
            made.emplace(attach(at_egress(cgroup, program, position::before(borrow(other)))));
          };
          attach_it();  // what is found out once is found out
          made.reset();
          test::syscall_supervisor supervisor;
          const int errors[] = {EPERM, ENOMEM};
          const auto check = [&](const test::fault& fault) {
            const auto attached = test::query(cgroup.get(), egress).ids.size();
            expect_equal(static_cast<long>(attached), made->has_value() ? 2L : 1L, "programs");
            if (!*made) {
              const auto told = made->error().sys_errno();
              const auto* const first = made->error().first();
              expect(told == EINVAL || told == fault.error, made->error().message());
              expect(told == EINVAL || fault.call == 1 || (first != nullptr && first->sys_errno() == EINVAL),
                     made->error().message());
            }
            made.reset();
          };
          expect(supervisor.fail_each(errors, attach_it, check) > 4);
          expect(made && made->has_value(), "not attached in the end");
        }) == "");
}

TEST_CASE("faults: a program in its place in a cgroup", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_cgroup2());
  CHECK(with_order([](const test::cgroup_fixture& cgroup, test::counted_program program) {
          const raw_attach_options options{.target = fd_ref{cgroup.get()},
                                           .hook = attach_type::cgroup_inet_egress,
                                           .program = borrow(program),
                                           .position = position::first()};
          const auto after = [&](const outcome& ended, const std::string& where) {
            const auto attached = test::query(cgroup.get(), egress).ids.size();
            expect_equal(static_cast<long>(attached), ended ? 0L : 1L, "attachments after " + where);
            if (attached != 0) expect_equal(test::prog_detach(cgroup.get(), program.get(), egress), 0);
          };
          test::syscall_supervisor supervisor;
          const faults::operation tested{.run = [&] { return outcome_of(attach_program(options)); },
                                         .after = after,
                                         .also = {{ESTALE, errc::conflict}}};
          expect(faults::fail_all(supervisor, faults::all_errors(), tested) > 0);
          faults::expect_freed(std::move(program));
        }) == "");
}

}  // namespace bpflink
