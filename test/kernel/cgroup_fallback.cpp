// SPDX-License-Identifier: MIT
// Cgroups without links, as before Linux 5.7: the hidden cases run where BPF_LINK_CREATE is unknown.
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/info.hpp"
#include "child_helpers.hpp"
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/mount_namespace.hpp"
#include "support/old_kernel.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/traffic.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;

std::uint32_t id_of(const test::counted_program& program) { return test::program_id(program.get()); }

using ids = std::vector<std::uint32_t>;
ids attached(const test::cgroup_fixture& cgroup) { return test::query(cgroup.get(), at::cgroup_inet_egress).ids; }

expected<cgroup_link> attach_egress(const test::cgroup_fixture& cgroup, const test::counted_program& program,
                                    mechanism_choice choice = mechanism_choice::best) {
  return attach({.cgroup = fd_ref{cgroup.get()},
                 .hook = cgroup_hook::inet_egress,
                 .program = borrow(program),
                 .mechanism = choice});
}

// Somebody else, beside others.
int attach_theirs(const test::cgroup_fixture& cgroup, const test::counted_program& program) {
  return test::prog_attach({.target = cgroup.get(),
                            .program_fd = program.get(),
                            .type = at::cgroup_inet_egress,
                            .flags = test::flag::allow_multi});
}

std::uint64_t runs(test::cgroup_fixture& cgroup, const test::counted_program& program) {
  const auto before = program.runs();
  cgroup.enter([] { CHECK(test::udp_send() == 0); });
  return program.runs() - before;
}

}  // namespace

TEST_CASE("cgroup: without links a program is attached beside others", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_seccomp());
  CHECK(test::on_old_kernel("old-cgroup", [] { test::refuse_bpf({test::command::link_create}); }).failure() == "");
}

TEST_CASE("old cgroup: it runs, stops and is told as what it is", "[.][old-cgroup]") {
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const auto theirs = load_egress();
  REQUIRE(attach_theirs(cgroup, theirs) == 0);
  auto link = attach_egress(cgroup, program);
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == mechanism::program_multi);
  CHECK_FALSE(link->can_pin());
  CHECK_FALSE(link->fd());
  CHECK(attached(cgroup) == ids{id_of(theirs), id_of(program)});
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).attach_flags == test::flag::allow_multi);
  CHECK(runs(cgroup, program) == 1);
  CHECK(runs(cgroup, theirs) == 1);

  link_handle handle = *std::move(link);
  CHECK(handle.type() == link_type::cgroup);
  CHECK(handle.can_update());
  CHECK(handle.can_detach());
  CHECK_FALSE(handle.can_pin());
  CHECK(sentence(handle.detach()) == "");
  CHECK(attached(cgroup) == ids{id_of(theirs)});
  CHECK(runs(cgroup, program) == 0);
  CHECK(sentence(handle.detach()) == "");
  const auto updated = handle.update(borrow(program));
  REQUIRE_FALSE(updated);
  CHECK(updated.error() == errc::defunct);
  CHECK(updated.error().cause() == cause::detached);
  CHECK(sentence(handle.close()) == "");
  CHECK(attached(cgroup) == ids{id_of(theirs)});
  CHECK(handle.close().error() == errc::bad_handle);
}

TEST_CASE("old cgroup: what is no link has no place that others can be next to", "[.][old-cgroup]") {
  test::cgroup_fixture cgroup;
  const auto there = load_egress();
  const auto program = load_egress();
  const auto link = attach_egress(cgroup, there);
  REQUIRE(sentence(link) == "");
  const auto refused = attach(cgroup_options{.cgroup = fd_ref{cgroup.get()},
                                             .hook = cgroup_hook::inet_egress,
                                             .program = borrow(program),
                                             .position = position::before(*link)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::not_supported);
  CHECK(refused.error().cause() == cause::no_such_operation);
  CHECK(refused.error().operation() == operation::none);
  CHECK_THAT(refused.error().message(),
             test::contains("the position is relative to an attachment that is no bpf_link"));
  CHECK(attached(cgroup) == ids{id_of(there)});
}

TEST_CASE("old cgroup: an update keeps the place among others, and never throws one out", "[.][old-cgroup]") {
  SKIP_IF(test::needs_kernel(5, 6, "BPF_F_REPLACE"));
  test::cgroup_fixture cgroup;
  const auto before = load_egress();
  const auto first = load_egress();
  const auto after = load_egress();
  const auto second = load_egress();
  REQUIRE(attach_theirs(cgroup, before) == 0);
  auto link = attach_egress(cgroup, first);
  REQUIRE(sentence(link) == "");
  REQUIRE(attach_theirs(cgroup, after) == 0);

  CHECK(sentence(link->update(borrow(second))) == "");
  CHECK(attached(cgroup) == ids{id_of(before), id_of(second), id_of(after)});
  CHECK(runs(cgroup, second) == 1);
  CHECK(runs(cgroup, first) == 0);
  CHECK(sentence(link->update(borrow(second))) == "");
  CHECK(sentence(link->update(borrow(first), borrow(second))) == "");
  CHECK(attached(cgroup) == ids{id_of(before), id_of(first), id_of(after)});

  const auto conflict = link->update(borrow(second), borrow(before));
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error() == errc::conflict);
  CHECK(conflict.error().cause() == cause::other_program);
  const auto twice = link->update(borrow(before));
  REQUIRE_FALSE(twice);
  CHECK(twice.error() == errc::already_exists);
  CHECK(attached(cgroup) == ids{id_of(before), id_of(first), id_of(after)});
}

TEST_CASE("old cgroup: closing takes exactly ours away", "[.][old-cgroup]") {
  test::cgroup_fixture cgroup;
  const auto ours = load_egress();
  const auto theirs = load_egress();

  auto taken = attach_egress(cgroup, ours);
  REQUIRE(sentence(taken) == "");
  REQUIRE(test::prog_detach(cgroup.get(), ours.get(), at::cgroup_inet_egress) == 0);
  REQUIRE(attach_theirs(cgroup, theirs) == 0);
  const auto updated = taken->update(borrow(ours));
  REQUIRE_FALSE(updated);
  if (test::at_least(5, 6)) {
    CHECK(updated.error() == errc::defunct);
    CHECK(updated.error().cause() == cause::detached);
  }
  CHECK(attached(cgroup) == ids{id_of(theirs)});
  const auto closed = taken->close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error() == errc::not_found);
  CHECK(closed.error().cause() == cause::not_attached);
  CHECK(attached(cgroup) == ids{id_of(theirs)});

  {
    auto dropped = attach_egress(cgroup, ours);
    REQUIRE(sentence(dropped) == "");
    auto other = attach_egress(cgroup, load_egress());
    REQUIRE(sentence(other) == "");
    CHECK(attached(cgroup).size() == 3);
    *dropped = *std::move(other);
    CHECK(attached(cgroup).size() == 2);
    CHECK(runs(cgroup, ours) == 0);
  }
  CHECK(attached(cgroup) == ids{id_of(theirs)});

  auto released = attach_egress(cgroup, ours);
  REQUIRE(sentence(released) == "");
  CHECK_FALSE(std::move(*released).release());
  CHECK(attached(cgroup) == ids{id_of(theirs), id_of(ours)});
}

TEST_CASE("old cgroup: with its cgroup the attachment goes", "[.][old-cgroup]") {
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  auto detached = attach_egress(cgroup, program);
  auto closed = attach_egress(cgroup, load_egress());
  REQUIRE(sentence(detached) == "");
  REQUIRE(sentence(closed) == "");
  cgroup.remove();
  const auto updated = detached->update(borrow(program));
  REQUIRE_FALSE(updated);
  CHECK(updated.error() == errc::defunct);
  CHECK(updated.error().cause() == cause::target_gone);
  CHECK(sentence(detached->detach()) == "");
  CHECK(sentence(closed->close()) == "");
}

TEST_CASE("old cgroup: what fails is told with the failure before it", "[.][old-cgroup]") {
  test::cgroup_fixture cgroup;
  const auto program = load_egress("mine");
  const auto theirs = load_egress("theirs");

  const auto only = attach_egress(cgroup, program, mechanism_choice::link_only);
  REQUIRE_FALSE(only);
  CHECK(only.error() == errc::not_supported);
  CHECK(only.error().cause() == cause::missing_feature);
  CHECK(attached(cgroup).empty());

  auto link = attach_egress(cgroup, program);
  REQUIRE(sentence(link) == "");
  const auto twice = attach_egress(cgroup, program);
  REQUIRE_FALSE(twice);
  CHECK(twice.error() == errc::already_exists);
  CHECK(twice.error().operation() == operation::prog_attach);
  REQUIRE(twice.error().first() != nullptr);
  CHECK(twice.error().first()->operation() == operation::link_create);
  CHECK(twice.error().first()->sys_errno() == EINVAL);
  CHECK(twice.error().first()->cause() == cause::missing_feature);
  CHECK(sentence(link->close()) == "");

  REQUIRE(test::prog_attach({cgroup.get(), theirs.get(), at::cgroup_inet_egress}) == 0);
  const auto alone = attach_egress(cgroup, program);
  REQUIRE_FALSE(alone);
  CHECK(alone.error() == errc::permission_denied);
  CHECK(alone.error().cause() == cause::parent_forbids);
  CHECK(alone.error().sys_errno() == EPERM);
  CHECK_THAT(alone.error().message(), test::contains("'theirs'"));
  CHECK(attached(cgroup) == ids{id_of(theirs)});
}

TEST_CASE("old cgroup: /proc is not needed", "[.][old-cgroup]") {
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const auto second = load_egress();
  const auto result = test::in_mount_namespace([&] {
    test::hide("/proc");
    auto link = attach_egress(cgroup, program);
    test::expect_equal(sentence(link), "");
    test::expect_equal(sentence(link->update(borrow(second))), "");
    test::expect(attached(cgroup) == ids{id_of(second)});
    test::expect_equal(sentence(link->close()), "");
    test::expect(attached(cgroup).empty());
    auto by_path =
        attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(program)});
    test::expect_equal(sentence(by_path), "");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("old cgroup: what it cannot do it says without a system call", "[.][old-cgroup]") {
  SKIP_IF(test::needs_supervisor());
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  auto link = attach_egress(cgroup, program);
  REQUIRE(sentence(link) == "");
  link_handle handle = *std::move(link);
  test::syscall_supervisor supervisor;
  std::vector<bpf_error> errors;
  const auto calls = supervisor.record_calls([&] {
    errors.push_back(handle.pin("/sys/fs/bpf/x").error());
    errors.push_back(handle.move_pin("/sys/fs/bpf/x", "/sys/fs/bpf/y").error());
    errors.push_back(handle.unpin("/sys/fs/bpf/x").error());
    errors.push_back(handle.info().error());
  });
  CHECK(test::names(calls) == "");
  for (const auto& error : errors) {
    CHECK(error == errc::not_supported);
    CHECK(error.cause() == cause::no_such_operation);
    CHECK(error.operation() == operation::none);
    CHECK_THAT(error.message(), test::contains("program_multi"));
  }
  CHECK(test::names(supervisor.record_calls([&] { CHECK(sentence(handle.update(borrow(load_egress()))) == ""); })) !=
        "");
}

// What lifetime.md says of children that fork(2) made.
TEST_CASE("old cgroup: whoever destroys the handle first detaches, a forked child too", "[.][old-cgroup]") {
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  auto link = attach_egress(cgroup, program);
  REQUIRE(sentence(link) == "");
  CHECK(test::in_child([] {}).failure() == "");
  CHECK(attached(cgroup) == ids{id_of(program)});
  CHECK(test::in_child([&] { static_cast<void>(std::move(*link).release()); }).failure() == "");
  CHECK(attached(cgroup) == ids{id_of(program)});
  CHECK(test::in_child([&] {
          errno = ELOOP;
          { const cgroup_link gone = *std::move(link); }
          test::expect_equal(errno, ELOOP, "errno after a detach that nobody hears of");
        }).failure() == "");
  CHECK(attached(cgroup).empty());
  const auto closed = link->close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error() == errc::not_found);
  CHECK(closed.error().cause() == cause::not_attached);
}

}  // namespace bpflink
