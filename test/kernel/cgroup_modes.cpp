// SPDX-License-Identifier: MIT
// Who else is at the hook, how many there may be, and who may attach.
#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "cgroup_hooks.hpp"
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/child.hpp"
#include "support/seccomp.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

constexpr std::size_t most_programs = 64;

expected<cgroup_link> attach_egress(cgroup_target cgroup, program_ref program) {
  return attach(cgroup_options{.cgroup = cgroup, .hook = cgroup_hook::inet_egress, .program = program});
}

int attach_raw(int cgroup, int program, std::uint32_t flags) {
  return test::prog_attach({cgroup, program, at::cgroup_inet_egress, flags});
}

test::fd egress(const std::string& name = "bpflink_test") {
  return test::load({.type = of::cgroup_skb,
                     .code = test::return_value(1),
                     .expected_attach_type = at::cgroup_inet_egress,
                     .name = name});
}

// Whether this kernel closes bpf(2) as a whole to users.
bool closed_to_users() {
  return !test::at_least(5, 19) && !test::read_file("/proc/sys/kernel/unprivileged_bpf_disabled").starts_with('0');
}

}  // namespace

TEST_CASE("cgroup: an exclusive program forbids others there and below, and is named", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto child = cgroup.child("a");
  const auto grandchild = cgroup.child("a/b");
  const auto theirs = egress("theirs");
  const auto ours = egress("ours");
  REQUIRE(attach_raw(cgroup.get(), theirs.get(), 0) == 0);
  for (const auto& path : {cgroup.path(), child, grandchild}) {
    INFO(path);
    const auto refused = attach_egress(path, borrow(ours));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::permission_denied);
    CHECK(refused.error().cause() == cause::parent_forbids);
    CHECK(refused.error().sys_errno() == EPERM);
    CHECK_THAT(refused.error().message(),
               test::contains("program 'theirs' (id " + std::to_string(test::program_id(theirs.get())) +
                              ") is attached to " + cgroup.path() + " in a mode that allows no other"));
  }
  // Other hooks are not concerned.
  CHECK(sentence(attach(cgroup_options{.cgroup = child, .hook = cgroup_hook::inet_ingress, .program = borrow(ours)})) ==
        "");
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids == std::vector{test::program_id(theirs.get())});
  REQUIRE(test::prog_detach(cgroup.get(), theirs.get(), at::cgroup_inet_egress) == 0);
  CHECK(sentence(attach_egress(child, borrow(ours))) == "");
}

TEST_CASE("cgroup: a program that may be overridden forbids others there, and none below", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto child = cgroup.child("a");
  const auto theirs = egress("theirs");
  const auto ours = egress("ours");
  REQUIRE(attach_raw(cgroup.get(), theirs.get(), test::flag::allow_override) == 0);
  CHECK(sentence(attach_egress(child, borrow(ours))) == "");
  const auto refused = attach_egress(cgroup.path(), borrow(ours));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().cause() == cause::parent_forbids);
  CHECK_THAT(refused.error().message(), test::contains("'theirs'"));
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids == std::vector{test::program_id(theirs.get())});
}

TEST_CASE("cgroup: 64 programs are the most at a hook, by link or without", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  for (const bool by_link : {false, true}) {
    INFO((by_link ? "by link" : "without link"));
    test::cgroup_fixture cgroup;
    std::vector<test::fd> programs;
    std::vector<cgroup_link> links;
    for (std::size_t n = 0; n < most_programs; ++n) {
      programs.push_back(egress());
      if (by_link) {
        auto link = attach_egress(fd_ref{cgroup.get()}, borrow(programs.back()));
        REQUIRE(sentence(link) == "");
        links.push_back(*std::move(link));
      } else {
        REQUIRE(attach_raw(cgroup.get(), programs.back().get(), test::flag::allow_multi) == 0);
      }
    }
    const auto one_more = egress();
    const auto refused = attach_egress(fd_ref{cgroup.get()}, borrow(one_more));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::limit);
    CHECK(refused.error().cause() == cause::too_many);
    CHECK(refused.error().sys_errno() == E2BIG);
    CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids.size() == most_programs);
  }
}

TEST_CASE("cgroup: what a user without capabilities may attach, and what is missing for the rest", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 8, "CAP_BPF"));
  test::cgroup_fixture cgroup;
  const auto result = test::in_child([&] {
    std::vector<test::fd> programs;
    for (const auto& row : cgroup_hooks) {
      const bool has = test::at_least(row.since.release, row.since.minor);
      programs.push_back(
          has ? test::load({.type = row.program, .code = test::return_value(1), .expected_attach_type = row.number})
              : test::fd{});
    }
    test::become_nobody();
    for (std::size_t n = 0; n < cgroup_hooks.size(); ++n) {
      const auto& row = cgroup_hooks[n];
      if (!programs[n]) continue;
      const auto link =
          attach(cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = row.hook, .program = borrow(programs[n])});
      const bool whole_call = closed_to_users();
      if (row.program != of::cgroup_skb && !whole_call) {
        test::expect_equal(sentence(link), "", row.name);
        continue;
      }
      test::expect(!link, row.name);
      test::expect(link.error() == errc::permission_denied, row.name);
      test::expect(link.error().cause() == cause::missing_capability, link.error().message());
      const auto* const name = row.program == of::cgroup_skb ? "CAP_NET_ADMIN is missing" : "CAP_BPF is missing";
      test::expect(link.error().message().find(name) != std::string::npos, link.error().message());
    }
  });
  CHECK(result.failure() == "");
}

TEST_CASE("cgroup: CAP_NET_ADMIN is enough to attach a packet filter", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 19, "bpf(2) for users"));
  test::cgroup_fixture cgroup;
  const auto theirs = egress("theirs");
  const auto result = test::in_child([&] {
    const auto program = egress();
    test::become_nobody({test::cap_net_admin});
    test::expect_equal(sentence(attach_egress(fd_ref{cgroup.get()}, borrow(program))), "");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("cgroup: a user who may not ask who forbids is not told that a capability is missing", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 19, "bpf(2) for users"));
  test::cgroup_fixture cgroup;
  const auto device = [] {
    return test::load(
        {.type = of::cgroup_device, .code = test::return_value(1), .expected_attach_type = at::cgroup_device});
  };
  const auto theirs = device();
  REQUIRE(test::prog_attach({cgroup.get(), theirs.get(), at::cgroup_device}) == 0);
  const auto result = test::in_child([&] {
    const auto ours = device();
    test::become_nobody();
    const auto refused =
        attach(cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::device, .program = borrow(ours)});
    test::expect(!refused);
    test::expect(refused.error() == errc::permission_denied);
    test::expect(refused.error().cause() == cause::parent_forbids, refused.error().message());
  });
  CHECK(result.failure() == "");
}

TEST_CASE("cgroup: a policy that forbids the call is not taken for a missing capability", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_seccomp());
  test::cgroup_fixture cgroup;
  const auto program = egress();
  const auto result = test::in_child([&] {
    test::refuse_bpf({test::command::link_create}, EPERM);
    const auto refused = attach_egress(fd_ref{cgroup.get()}, borrow(program));
    test::expect(!refused);
    test::expect(refused.error() == errc::permission_denied);
    test::expect(refused.error().cause() == cause::unknown, refused.error().message());
    test::expect_equal(refused.error().sys_errno(), EPERM);
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
