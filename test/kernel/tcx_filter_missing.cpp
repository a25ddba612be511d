// SPDX-License-Identifier: MIT
// Filters in place of tcx links, in kernels that were built without what they need: answered in the kernel's place.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>

#include "child_helpers.hpp"
#include "netlink_faults.hpp"
#include "support/catch.hpp"
#include "support/old_kernel.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/tc.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

struct refusal {
  nlmsghdr header{
      .nlmsg_len = sizeof(refusal), .nlmsg_type = NLMSG_ERROR, .nlmsg_flags = 0, .nlmsg_seq = 0, .nlmsg_pid = 0};
  nlmsgerr body{.error = -ENOENT, .msg = {}};
};

// An attach whose requests of this type the kernel does not know.
expected<tcx_link> attach_without(test::syscall_supervisor& supervisor, std::uint16_t unknown, program_ref program) {
  std::optional<expected<tcx_link>> link;
  std::optional<refusal> answer;
  supervisor.with_handler(
      [&](const test::observed_call& call) {
        if (call.number == SYS_sendto) {
          if (call.at<std::uint16_t>(offsetof(nlmsghdr, nlmsg_type)) != unknown) return test::verdict::proceed();
          answer.emplace();
          answer->header.nlmsg_seq = call.at<std::uint32_t>(offsetof(nlmsghdr, nlmsg_seq));
          return test::verdict::give(static_cast<std::int64_t>(call.arguments[2]));
        }
        if (!answer) return test::verdict::proceed();
        const auto given = bpflink::answer(call, *answer);
        answer.reset();
        return given;
      },
      [&] { link.emplace(attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = program})); });
  return *std::move(link);
}

}  // namespace

TEST_CASE("tcx: without links, in a kernel without clsact or BPF filters", "[tcx]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::on_old_kernel("lacking-tcx", [] { test::refuse_bpf({test::command::link_create}); });
  CHECK(result.failure() == "");
}

TEST_CASE("lacking tcx: what the kernel was built without is told, and nothing is left", "[.][lacking-tcx]") {
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      const auto program = load_tc();
      test::syscall_supervisor supervisor({SYS_sendto, SYS_recvfrom});
      const auto told = [&](std::uint16_t unknown, operation what, const std::string& words) {
        const auto error = failure_of(attach_without(supervisor, unknown, borrow(program)));
        expect(error == errc::not_supported, error.message());
        expect(error.cause() == cause::missing_configuration, error.message());
        expect_equal(error.sys_errno(), ENOENT);
        expect(error.operation() == what, error.message());
        expect_contains(error.message(), words);
        expect(error.first() != nullptr && error.first()->operation() == operation::link_create);
        expect_equal(test::ingress_qdisc(1), "");
      };
      told(RTM_NEWQDISC, operation::netlink_new_qdisc, "the clsact qdisc");
      told(RTM_NEWTFILTER, operation::netlink_new_filter, "BPF filters of tc");
      expect_equal(sentence(attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = borrow(program)})),
                   "");
    });
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
