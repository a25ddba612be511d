// SPDX-License-Identifier: MIT
// Filters in place of tcx links, where the kernel's answer is lost, and the look for what became of the request too.
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "child_helpers.hpp"
#include "support/catch.hpp"
#include "support/old_kernel.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/tc.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

tcx_options on_lo(const test::counted_program& program) {
  return {.interface = 1, .hook = tcx_hook::ingress, .program = borrow(program)};
}

std::vector<std::uint32_t> programs_on_lo() {
  std::vector<std::uint32_t> found;
  for (const auto& filter : test::filters(1, test::tc_hook::ingress)) found.push_back(filter.program_id);
  return found;
}

std::vector<std::uint32_t> only(const test::counted_program& program) { return {test::program_id(program.get())}; }

// Each answer from this one on is lost.
void lose_answers(test::syscall_supervisor& supervisor, std::size_t from, const std::function<void()>& operation) {
  std::size_t seen = 0;
  supervisor.with_handler(
      [&](const test::observed_call&) {
        return ++seen >= from ? test::verdict::fail(ENOBUFS) : test::verdict::proceed();
      },
      operation);
  expect(seen > from, "the look for what became of it was not made");
}

}  // namespace

TEST_CASE("tcx: without links, where answers and looks are lost", "[tcx]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::on_old_kernel(
      "lost-tcx", [] { test::refuse_bpf({test::command::link_create}); }, 60);
  CHECK(result.failure() == "");
}

TEST_CASE("lost tcx: the first failure is told, and what the kernel did stays done", "[.][lost-tcx]") {
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      const auto one = load_tc();
      const auto two = load_tc();
      test::syscall_supervisor supervisor({SYS_recvfrom});
      const auto lost = [](const bpf_error& error, operation what) {
        expect_equal(error.sys_errno(), ENOBUFS);
        expect(error.operation() == what, error.message());
      };

      // What qdisc there is, that it was made, where the filter is.
      std::optional<expected<tcx_link>> link;
      lose_answers(supervisor, 3, [&] { link.emplace(attach(on_lo(one))); });
      lost(failure_of(*link), operation::netlink_new_filter);
      expect(programs_on_lo() == only(one), "the filter is not left");
      expect_equal(test::ingress_qdisc(1), "clsact");
      expect_equal(test::delete_qdisc(1), 0);

      auto held = must(attach(on_lo(one)));
      std::optional<expected<void>> done;
      // Which program is there, that it was replaced.
      lose_answers(supervisor, 2, [&] { done.emplace(held.update(borrow(two))); });
      lost(failure_of(*done), operation::netlink_new_filter);
      expect(programs_on_lo() == only(two), "the program was not swapped");
      const auto repeated = failure_of(held.update(borrow(two)));
      expect(repeated == errc::conflict && repeated.cause() == cause::other_program, repeated.message());
      // Who says which program is there has it in hand again.
      expect_equal(sentence(held.update(borrow(one), borrow(two))), "");

      lose_answers(supervisor, 2, [&] { done.emplace(held.detach()); });
      lost(failure_of(*done), operation::netlink_delete_filter);
      expect(programs_on_lo().empty(), "the filter was not deleted");
      const auto again = failure_of(held.detach());
      expect(again == errc::not_found && again.cause() == cause::not_attached, again.message());
    });
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
