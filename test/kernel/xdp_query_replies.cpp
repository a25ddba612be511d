// SPDX-License-Identifier: MIT
// Answers of the kernel's to a query of XDP that this machine does not give: cut off, of another interface, and of
// devices that run programs themselves.
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <optional>

#include "child_helpers.hpp"
#include "netlink_faults.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

constexpr ifindex lo = 1;

struct attribute {
  std::uint16_t size;
  std::uint16_t type;
  std::uint32_t value;
};

// What the kernel would say of an interface with these programs.
struct reply {
  nlmsghdr header{};
  ifinfomsg interface {};
  nlattr xdp{};
  std::array<attribute, 4> attributes{};

  reply(int index, std::uint8_t mode, std::array<attribute, 3> programs) {
    header.nlmsg_type = RTM_NEWLINK;
    header.nlmsg_len = sizeof(reply);
    interface.ifi_index = index;
    xdp = {static_cast<std::uint16_t>(sizeof xdp + sizeof attributes), IFLA_XDP};
    attributes = {attribute{5, IFLA_XDP_ATTACHED, mode}, programs[0], programs[1], programs[2]};
  }
};

constexpr attribute named(std::uint16_t type, std::uint32_t id) { return {8, type, id}; }

// A query that gets this answer.
expected<xdp_programs> answered_with(test::syscall_supervisor& supervisor, reply answer) {
  std::optional<expected<xdp_programs>> result;
  static_cast<void>(supervisor.with_handler(
      [&answer](const test::observed_call& call) {
        if (call.number == SYS_sendto) {
          answer.header.nlmsg_seq = call.at<std::uint32_t>(offsetof(nlmsghdr, nlmsg_seq));
          return test::verdict::proceed();
        }
        return bpflink::answer(call, answer);
      },
      [&result] { result.emplace(query({.interface = lo})); }));
  return *result;
}

}  // namespace

TEST_CASE("xdp: a query's answer that is cut off or of another interface is none", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      test::syscall_supervisor supervisor({SYS_sendto, SYS_recvfrom});
      std::optional<bpf_error> failure;
      static_cast<void>(supervisor.with_handler(
          [](const test::observed_call& call) {
            return call.number == SYS_recvfrom ? cut_off(call) : test::verdict::proceed();
          },
          [&failure] { failure = query({.interface = lo}).error(); }));
      expect(*failure == errc::system);
      expect_equal(failure->sys_errno(), EMSGSIZE);
      expect_contains(failure->message(), "query xdp of interface 1 (lo): ");

      const auto other = failure_of(answered_with(supervisor, {2, XDP_ATTACHED_NONE, {}}));
      expect(other == errc::system);
      expect_equal(other.sys_errno(), EBADMSG);
      expect(other.operation() == operation::netlink_get_link);
    });
  });
  CHECK(result.failure() == "");
}

TEST_CASE("xdp: a program on the device is told beside one on the host", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      test::syscall_supervisor supervisor({SYS_sendto, SYS_recvfrom});
      const auto both = must(answered_with(
          supervisor, {1, XDP_ATTACHED_MULTI, {named(IFLA_XDP_DRV_PROG_ID, 17), named(IFLA_XDP_HW_PROG_ID, 18)}}));
      expect(both.mode() == xdp_mode::automatic);
      expect(both.in(xdp_mode::automatic)->program == program_id{17});
      expect(both.native->program == program_id{17} && both.offload->program == program_id{18} && !both.generic);

      const auto alone = must(answered_with(
          supervisor, {1, XDP_ATTACHED_HW, {named(IFLA_XDP_PROG_ID, 18), named(IFLA_XDP_HW_PROG_ID, 18)}}));
      expect(alone.mode() == xdp_mode::offload);
      expect(!alone.in(xdp_mode::automatic) && alone.in(xdp_mode::offload)->program == program_id{18});

      // Before Linux 4.19 one program is named, and its mode.
      const auto old = must(answered_with(supervisor, {1, XDP_ATTACHED_DRV, {named(IFLA_XDP_PROG_ID, 19)}}));
      expect(old.mode() == xdp_mode::native && old.native->program == program_id{19});
    });
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
