// SPDX-License-Identifier: MIT
// Attaching to cgroups and network namespaces, where each system call fails in turn.
#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/netns.hpp"
#include "faults.hpp"
#include "netns_programs.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

constexpr auto egress = test::attach_type::cgroup_inet_egress;

}  // namespace

TEST_CASE("faults: cgroup", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 8, "link ids"));
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const bool by_path = GENERATE(true, false);
  const auto result = test::in_child([&] {
    auto program = load_egress();
    const cgroup_target target = by_path ? cgroup_target{cgroup.path()} : cgroup_target{fd_ref{cgroup.get()}};
    const auto attach_it = [&] {
      return attach(cgroup_options{.cgroup = target, .hook = cgroup_hook::inet_egress, .program = borrow(program)});
    };
    const auto attached = [&] {
      const auto count = static_cast<int>(test::query(cgroup.get(), egress).ids.size());
      return faults::links_of(program) == count ? count : -1;
    };
    expect(faults::fail_attach(attach_it, attached) >= faults::all_errors().size());
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: a cgroup that refuses", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto result = test::in_child([&] {
    const auto theirs = load_egress("theirs");
    const auto program = load_egress();
    const auto unfit = load_lookup();
    expect_equal(test::prog_attach({cgroup.get(), theirs.get(), egress}), 0);
    test::syscall_supervisor supervisor;
    faults::fail_refused(supervisor, EPERM, [&] {
      return attach(
          cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(program)});
    });
    expect_equal(test::prog_detach(cgroup.get(), theirs.get(), egress), 0);
    faults::fail_refused(supervisor, EINVAL, [&] {
      return attach(
          cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(unfit)});
    });
    faults::fail_refused(supervisor, EBADF, [&] {
      return attach(cgroup_options{.cgroup = "/", .hook = cgroup_hook::inet_egress, .program = borrow(program)});
    });
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: network namespace", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "socket lookup"));
  const bool current = GENERATE(true, false);
  const bool lookup = GENERATE(true, false);
  const auto result = test::in_child([&] {
    const test::netns_fixture netns;
    auto program = lookup ? load_lookup() : load_dissector();
    const auto type = lookup ? test::attach_type::sk_lookup : test::attach_type::flow_dissector;
    const auto path = netns.path();
    const netns_options options{.netns = current ? netns_target::current() : netns_target{path},
                                .hook = lookup ? netns_hook::sk_lookup : netns_hook::flow_dissector,
                                .program = borrow(program)};
    const auto attached = [&] {
      const auto count = static_cast<int>(test::query(netns.get(), type).ids.size());
      return faults::links_of(program) == count ? count : -1;
    };
    const auto attach_it = [&] { return attach(options); };
    const auto test_it = [&] { expect(faults::fail_attach(attach_it, attached) >= 2 * faults::all_errors().size()); };
    current ? netns.run(test_it) : test_it();
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: a network namespace that refuses", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "socket lookup"));
  const auto result = test::in_child([&] {
    const test::netns_fixture netns;
    const auto program = load_dissector();
    const auto unfit = load_lookup();
    const netns_options options{
        .netns = fd_ref{netns.get()}, .hook = netns_hook::flow_dissector, .program = borrow(program)};
    auto unfit_options = options;
    unfit_options.program = borrow(unfit);
    const auto theirs = must(attach(options));
    test::syscall_supervisor supervisor;
    faults::fail_refused(supervisor, E2BIG, [&] { return attach(options); });
    faults::fail_refused(supervisor, EINVAL, [&] { return attach(unfit_options); });
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
