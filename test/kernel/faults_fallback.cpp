// SPDX-License-Identifier: MIT
// Kernels without links, where each system call of what is done instead fails in turn. The hidden cases run where
// BPF_LINK_CREATE is unknown.
#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <string>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/netns.hpp"
#include "faults_bare.hpp"
#include "netns_programs.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/seccomp.hpp"
#include "tracepoint_helpers.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

constexpr auto egress = test::attach_type::cgroup_inet_egress;

using attachment = faults::bare_attachment<cgroup_link>;

// An operation of what is attached to a cgroup by the older mechanism, with each of its calls failing in turn.
std::string fails_well(const std::function<faults::operation(attachment&)>& tested) {
  test::cgroup_fixture cgroup;
  const faults::bare_hook<cgroup_link> hook{
      .attach =
          [&cgroup](program_ref program) {
            return attach(
                cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = program});
          },
      .attached = [&cgroup] { return test::query(cgroup.get(), egress).ids; },
      .detach = [&cgroup](const test::fd& program) { return test::prog_detach(cgroup.get(), program.get(), egress); }};
  return test::in_child([&] {
           attachment here{hook, load_egress("first"), load_egress("second")};
           here.fail(faults::all_errors(), tested(here));
         })
      .failure();
}

}  // namespace

TEST_CASE("faults: without links", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_cgroup2());
  const auto result = test::on_old_kernel(
      "old-faults", [] { test::refuse_bpf({test::command::link_create}); }, 300);
  CHECK(result.failure() == "");
}

TEST_CASE("old faults: cgroup", "[.][old-faults]") {
  test::cgroup_fixture cgroup;
  const auto result = test::in_child([&] {
    auto program = load_egress();
    const cgroup_options options{
        .cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = borrow(program)};
    const auto attached = [&] { return static_cast<int>(test::query(cgroup.get(), egress).ids.size()); };
    expect(faults::fail_attach([&] { return attach(options); }, attached) >= 3 * faults::all_errors().size());
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("old faults: updating a program in a cgroup", "[.][old-faults]") {
  SKIP_IF(test::needs_kernel(5, 6, "BPF_F_REPLACE"));
  // The kernel says ENOENT where our program is attached no more.
  CHECK(fails_well([](auto& here) { return here.update(faults::may_work, {{ENOENT, errc::defunct}}); }) == "");
}

TEST_CASE("old faults: detaching a program from a cgroup", "[.][old-faults]") {
  CHECK(fails_well([](auto& here) { return here.detach(); }) == "");
}

TEST_CASE("old faults: closing what is attached to a cgroup", "[.][old-faults]") {
  CHECK(fails_well([](auto& here) { return here.close(); }) == "");
}

TEST_CASE("old faults: flow dissector", "[.][old-faults]") {
  const auto result = test::in_child([&] {
    const test::netns_fixture netns;
    auto program = load_dissector();
    netns.run([&] {
      const netns_options options{.hook = netns_hook::flow_dissector, .program = borrow(program)};
      const auto attached = [&] {
        return static_cast<int>(test::query(netns.get(), test::attach_type::flow_dissector).ids.size());
      };
      // EINVAL is why there is no link. What was meant by it is asked of the namespace's file, which need not answer.
      const auto may_work = [](const test::system_call& call, int error) {
        const bool of_file = call.number == SYS_newfstatat || call.number == SYS_fstatfs || call.number == SYS_ioctl ||
                             (call.number == SYS_fcntl && call.arguments[1] == F_GETFL);
        // As kernels before 5.2 say.
        const bool not_told = call.number == SYS_bpf && call.command() == test::command::prog_query && error == EINVAL;
        return of_file || not_told || faults::may_work(call, error);
      };
      expect(faults::fail_attach([&] { return attach(options); }, attached, may_work, {}, EINVAL) >=
             faults::all_errors().size());
    });
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("old faults: xdp", "[.][old-faults]") {
  const auto result = test::in_child([&] {
    const auto busy = with_generic_xdp();
    auto program = load_xdp();
    test::netns_fixture().run([&] {
      const auto lo = test::ifindex_of("lo");
      const xdp_options options{.interface = index_of(lo), .program = borrow(program), .mode = xdp_mode::generic};
      const auto attached = [&] { return test::xdp_of(lo).program_id != 0 ? 1 : 0; };
      // A socket may do without the options that it is asked for: they bring the kernel's words.
      const auto may_work = [](const test::system_call& call, int error) {
        // And where the answer is lost, the interface is asked what it has.
        const bool again = error == EINTR && call.number == SYS_sendto;
        return call.number == SYS_setsockopt || call.number == SYS_recvfrom || again || faults::may_work(call, error);
      };
      expect(faults::fail_attach([&] { return attach(options); }, attached, may_work) >=
             4 * faults::all_errors().size());
    });
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("old faults: tracepoint", "[.][old-faults]") {
  const auto ended = with_tracefs([&] {
    const auto busy = keep_counting();
    auto program = load_tracepoint();
    const auto options = at_call(borrow(program));
    const auto attached = [&] { return runs_for_call(program) != 0 ? 1 : 0; };
    const auto may_work = [](const test::system_call& call, int error) {
      return (call.number == SYS_perf_event_open && error == EINVAL) || faults::may_work(call, error);
    };
    expect(faults::fail_attach([&] { return attach(options); }, attached, may_work,
                               {{EACCES, errc::invalid_argument}}) >= 2 * faults::all_errors().size());
    faults::expect_freed(std::move(program));
  });
  CHECK(ended == "");
}

}  // namespace bpflink
