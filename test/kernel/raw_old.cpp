// SPDX-License-Identifier: MIT
// The raw calls on old kernels: the hidden cases run where parts of bpf(2) are unknown.
#include <sys/syscall.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "netns_programs.hpp"
#include "raw_program.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;

constexpr auto egress = attach_type::cgroup_inet_egress;

// A kernel that knows only these flags of BPF_PROG_ATTACH.
void with_flags_up_to(std::uint32_t known, const std::function<void()>& f) {
  test::syscall_supervisor supervisor{std::vector<long>{SYS_bpf}};
  supervisor.with_handler(
      [known](const test::observed_call& call) {
        const bool unknown = call.command() == test::command::prog_attach && (call.at(12) & ~known) != 0;
        return unknown ? test::verdict::fail(EINVAL) : test::verdict::proceed();
      },
      f);
}

void expect_missing(const expected<void>& result, const std::string& since) {
  test::expect(!result);
  test::expect(result.error() == errc::not_supported, result.error().message());
  test::expect(result.error().cause() == cause::missing_feature, result.error().message());
  test::expect(result.error().reason().find(since) != std::string_view::npos, result.error().message());
}

}  // namespace

TEST_CASE("raw_program: works without links", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_seccomp());
  CHECK(test::on_old_kernel("old-raw-program", [] { test::refuse_bpf({test::command::link_create}); }).failure() == "");
}

TEST_CASE("raw_program: a kernel without modes, replacing or queries is told with the version that has them",
          "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 6, "what is missing here"));
  CHECK(test::on_old_kernel("older-raw-program", [] {}).failure() == "");
  CHECK(test::on_old_kernel("oldest-raw-program", [] { test::refuse_bpf({test::command::prog_query}); }).failure() ==
        "");
}

TEST_CASE("old raw_program: attached, detached and told", "[.][old-raw-program]") {
  test::cgroup_fixture cgroup;
  const fd_ref here{cgroup.get()};
  const auto ours = load_egress("ours");
  const auto theirs = load_egress("theirs");
  CHECK(sentence(attach_at(here, egress, borrow(theirs))) == "");
  check_refused(attach_at(here, egress, borrow(ours), attach_mode::multi), errc::permission_denied,
                cause::parent_forbids, EPERM, name_of(theirs));
  check_refused(detach_from(here, egress, borrow(ours)), errc::not_found, cause::other_program, 0, name_of(theirs));
  CHECK(sentence(detach_from(here, egress, borrow(theirs))) == "");

  // Before, the kernel does not tell which flow dissector is attached.
  if (!test::at_least(5, 2)) return;
  const test::netns_fixture netns;
  const auto dissector = load_dissector("dissector");
  const auto other = load_dissector("other");
  netns.run([&] {
    const auto current = raw_target::this_netns();
    CHECK(sentence(attach_at(current, attach_type::flow_dissector, borrow(dissector))) == "");
    // Such kernels would detach it without looking.
    check_refused(detach_from(current, attach_type::flow_dissector, borrow(other)), errc::not_found,
                  cause::other_program, 0, name_of(dissector) + " is attached there, not " + name_of(other));
    CHECK(sentence(detach_from(current, attach_type::flow_dissector, borrow(dissector))) == "");
  });
}

TEST_CASE("older raw_program: no replacing", "[.][older-raw-program]") {
  test::cgroup_fixture cgroup;
  const auto old = load_egress();
  const auto next = load_egress();
  CHECK(test::in_child([&] {
          with_flags_up_to(test::flag::allow_override | test::flag::allow_multi, [&] {
            const fd_ref here{cgroup.get()};
            test::expect_equal(sentence(attach_at(here, egress, borrow(old), attach_mode::multi)), "");
            expect_missing(attach_program({.target = here,
                                           .hook = egress,
                                           .program = borrow(next),
                                           .position = position::replacing(borrow(old))}),
                           "5.6");
            test::expect_equal(sentence(detach_from(here, egress, borrow(old))), "");
          });
        }).failure() == "");
}

TEST_CASE("older raw_program: no mode multi", "[.][older-raw-program]") {
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  CHECK(test::in_child([&] {
          with_flags_up_to(test::flag::allow_override, [&] {
            const fd_ref here{cgroup.get()};
            expect_missing(attach_at(here, egress, borrow(program), attach_mode::multi), "4.15");
            test::expect_equal(sentence(attach_at(here, egress, borrow(program), attach_mode::override)), "");
            test::expect_equal(sentence(detach_from(here, egress, borrow(program))), "");
          });
        }).failure() == "");
}

TEST_CASE("oldest raw_program: nothing is detached where nobody tells what it would be", "[.][oldest-raw-program]") {
  test::cgroup_fixture cgroup;
  const fd_ref here{cgroup.get()};
  const auto program = load_egress();
  CHECK(sentence(attach_at(here, egress, borrow(program))) == "");
  check_refused(detach_from(here, egress, borrow(program)), errc::not_supported, cause::missing_feature, EINVAL,
                "4.15");
  CHECK(test::prog_detach(cgroup.get(), program.get(), at::cgroup_inet_egress) == 0);
}

}  // namespace bpflink
