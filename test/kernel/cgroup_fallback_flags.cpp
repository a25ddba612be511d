// SPDX-License-Identifier: MIT
// Cgroups as before Linux 5.6, without atomic replacement, and before 4.15, with one program at a hook.
#include <sys/syscall.h>

#include <string>
#include <utility>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/traffic.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
using ids = std::vector<std::uint32_t>;

std::uint32_t id_of(const test::counted_program& program) { return test::program_id(program.get()); }

test::attached_programs attached(const test::cgroup_fixture& cgroup) {
  return test::query(cgroup.get(), at::cgroup_inet_egress);
}

bool attaches(const test::observed_call& call, std::uint32_t flag) {
  return call.number == SYS_bpf && call.command() == test::command::prog_attach && (call.at(12) & flag) != 0;
}

test::verdict without_replace(const test::observed_call& call) {
  return attaches(call, test::flag::replace) ? test::verdict::fail(EINVAL) : test::verdict::proceed();
}

test::verdict without_multi(const test::observed_call& call) {
  return attaches(call, test::flag::allow_multi) ? test::verdict::fail(EINVAL) : test::verdict::proceed();
}

bool queries(const test::observed_call& call) {
  return call.number == SYS_bpf && call.command() == test::command::prog_query;
}

expected<cgroup_link> attach_egress(const test::cgroup_fixture& cgroup, const test::counted_program& program) {
  return attach({.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = borrow(program)});
}

// The commands and flags of the bpf calls that change something.
std::string changes(const std::vector<test::system_call>& calls) {
  std::string text;
  for (const auto& call : calls) {
    if (call.number != SYS_bpf || call.at(0) == static_cast<std::uint32_t>(-1)) continue;
    if (call.command() == test::command::prog_attach) text += "attach" + std::to_string(call.at(12)) + " ";
    if (call.command() == test::command::prog_detach) text += "detach ";
  }
  return text;
}

void no_links() { test::refuse_bpf({test::command::link_create}); }

std::uint64_t runs(test::cgroup_fixture& cgroup, const test::counted_program& program) {
  const auto before = program.runs();
  cgroup.enter([] { CHECK(test::udp_send() == 0); });
  return program.runs() - before;
}

int attach_theirs(const test::cgroup_fixture& cgroup, const test::counted_program& program) {
  return test::prog_attach({cgroup.get(), program.get(), at::cgroup_inet_egress, test::flag::allow_override});
}

}  // namespace

TEST_CASE("cgroup: without atomic replacement the new program comes before the old one goes", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  CHECK(test::on_old_kernel("old-cgroup-replace", no_links).failure() == "");
}

TEST_CASE("cgroup: without mode multi the program is the only one", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  CHECK(test::on_old_kernel("old-cgroup-multi", no_links).failure() == "");
}

TEST_CASE("old cgroup: two steps without a gap", "[.][old-cgroup-replace]") {
  test::cgroup_fixture cgroup;
  const auto first = load_egress();
  const auto second = load_egress();
  const auto beside = load_egress();
  static test::syscall_supervisor supervisor;
  auto link = attach_egress(cgroup, first);
  REQUIRE(sentence(link) == "");
  const auto update = [&](const test::counted_program& next, const test::call_handler& handler) {
    expected<void> result;
    const auto calls = supervisor.with_handler(handler, [&] { result = link->update(borrow(next)); });
    return std::pair{std::move(result), changes(calls)};
  };

  auto [updated, steps] = update(second, without_replace);
  CHECK(sentence(updated) == "");
  CHECK(steps == "attach6 attach2 detach ");
  CHECK(attached(cgroup).ids == ids{id_of(second)});
  CHECK(runs(cgroup, second) == 1);
  CHECK(runs(cgroup, first) == 0);
  CHECK(sentence(update(second, without_replace).first) == "");
  CHECK(attached(cgroup).ids == ids{id_of(second)});
  CHECK(sentence(update(first, without_replace).first) == "");
  CHECK(attached(cgroup).ids == ids{id_of(first)});

  SECTION("where the old one cannot go, the new one goes again") {
    int detaches = 0;
    const auto refused = update(second, [&detaches](const test::observed_call& call) {
      const bool detach = call.number == SYS_bpf && call.command() == test::command::prog_detach;
      if (detach && ++detaches == 1) return test::verdict::fail(ENOMEM);
      return without_replace(call);
    });
    REQUIRE_FALSE(refused.first);
    CHECK(refused.first.error() == errc::system);
    CHECK(refused.first.error().sys_errno() == ENOMEM);
    CHECK(attached(cgroup).ids == ids{id_of(first)});
  }
  SECTION("where somebody took the old one away, the new one goes again") {
    REQUIRE(test::prog_detach(cgroup.get(), first.get(), at::cgroup_inet_egress) == 0);
    const auto refused = update(second, without_replace);
    REQUIRE_FALSE(refused.first);
    CHECK(refused.first.error() == errc::defunct);
    CHECK(attached(cgroup).ids.empty());
  }
  SECTION("where the new one cannot come, the old one stays") {
    REQUIRE(test::prog_attach({cgroup.get(), beside.get(), at::cgroup_inet_egress, test::flag::allow_multi}) == 0);
    const auto refused = update(beside, without_replace);
    REQUIRE_FALSE(refused.first);
    CHECK(refused.first.error() == errc::already_exists);
    CHECK(attached(cgroup).ids == ids{id_of(first), id_of(beside)});
  }
}

TEST_CASE("old cgroup: the only program", "[.][old-cgroup-multi]") {
  test::cgroup_fixture cgroup;
  const auto first = load_egress("first");
  const auto second = load_egress("second");
  const auto theirs = load_egress("theirs");
  static test::syscall_supervisor supervisor;
  const auto run = [&](const std::function<void()>& f) { supervisor.with_handler(without_multi, f); };

  std::optional<expected<cgroup_link>> link;
  run([&] { link = attach_egress(cgroup, first); });
  REQUIRE(sentence(*link) == "");
  auto& held = **link;
  CHECK(held.mechanism() == mechanism::program_override);
  CHECK(attached(cgroup).attach_flags == test::flag::allow_override);
  CHECK(runs(cgroup, first) == 1);

  run([&] {
    const auto busy = attach_egress(cgroup, second);
    REQUIRE_FALSE(busy);
    CHECK(busy.error() == errc::busy);
    CHECK(busy.error().cause() == cause::slot_taken);
    CHECK_THAT(busy.error().message(), test::contains("'first'"));
    CHECK(sentence(held.update(borrow(second))) == "");
    CHECK(attached(cgroup).ids == ids{id_of(second)});
    CHECK(held.update(borrow(first), borrow(first)).error() == errc::conflict);
    CHECK(sentence(held.update(borrow(first), borrow(second))) == "");
    CHECK(sentence(held.detach()) == "");
    CHECK(attached(cgroup).ids.empty());
    CHECK(sentence(held.close()) == "");
  });

  SECTION("somebody's program is neither swapped nor detached") {
    run([&] { link = attach_egress(cgroup, first); });
    REQUIRE(sentence(*link) == "");
    REQUIRE(attach_theirs(cgroup, theirs) == 0);
    CHECK(attached(cgroup).ids == ids{id_of(theirs)});
    run([&] {
      const auto refused = (*link)->update(borrow(second));
      REQUIRE_FALSE(refused);
      CHECK(refused.error() == errc::conflict);
      CHECK_THAT(refused.error().message(), test::contains("'theirs'"));
      CHECK_THAT(refused.error().message(), test::contains("not the expected program 'first'"));
      CHECK(attached(cgroup).ids == ids{id_of(theirs)});
      CHECK((*link)->detach().error() == errc::not_found);
      CHECK((*link)->close().error() == errc::not_found);
      CHECK(attached(cgroup).ids == ids{id_of(theirs)});
    });
  }
  SECTION("where the kernel does not tell just now, nothing is detached") {
    run([&] { link = attach_egress(cgroup, first); });
    REQUIRE(sentence(*link) == "");
    supervisor.with_handler(
        [](const test::observed_call& call) {
          return queries(call) ? test::verdict::fail(EPERM) : without_multi(call);
        },
        [&] {
          const auto refused = (*link)->detach();
          REQUIRE_FALSE(refused);
          CHECK(refused.error() == errc::permission_denied);
          CHECK(refused.error().sys_errno() == EPERM);
        });
    CHECK(attached(cgroup).ids == ids{id_of(first)});
    run([&] { CHECK(sentence((*link)->close()) == ""); });
    CHECK(attached(cgroup).ids.empty());
  }
  SECTION("where it never tells, ours is believed to be there") {
    supervisor.with_handler(
        [](const test::observed_call& call) {
          return queries(call) ? test::verdict::fail(EINVAL) : without_multi(call);
        },
        [&] {
          link = attach_egress(cgroup, first);
          REQUIRE(sentence(*link) == "");
          CHECK(sentence((*link)->update(borrow(second))) == "");
          CHECK(sentence((*link)->close()) == "");
        });
    CHECK(attached(cgroup).ids.empty());
  }
}

}  // namespace bpflink
