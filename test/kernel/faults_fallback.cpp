// SPDX-License-Identifier: MIT
// Kernels without links, where each system call of what is done instead fails in turn. The hidden cases run where
// BPF_LINK_CREATE is unknown.
#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/netns.hpp"
#include "faults.hpp"
#include "netns_programs.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/seccomp.hpp"
#include "tracepoint_helpers.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;
using ids = std::vector<std::uint32_t>;
constexpr auto egress = test::attach_type::cgroup_inet_egress;

// A cgroup with a program attached by the older mechanism.
struct world {
  test::cgroup_fixture& cgroup;
  test::counted_program program = load_egress("first");
  test::counted_program next = load_egress("second");
  std::optional<cgroup_link> link = {};

  void attach_again() {
    link.reset();
    expect_attached({}, "letting go");
    link.emplace(must(attach(
        cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = borrow(program)})));
    expect(link->mechanism() == mechanism::program_multi, "it is a link");
  }
  void expect_attached(const ids& expected, const std::string& where) const {
    expect(test::query(cgroup.get(), egress).ids == expected, "what is attached after " + where);
  }
  [[nodiscard]] ids first() const { return {test::program_id(program.get())}; }
  [[nodiscard]] ids second() const { return {test::program_id(next.get())}; }
};

template <class Make>
std::string fails_well(const Make& make) {
  test::cgroup_fixture cgroup;
  return test::in_child([&] {
           world here{cgroup};
           here.attach_again();
           test::syscall_supervisor supervisor;
           expect(faults::fail_all(supervisor, faults::all_errors(), make(here)) >= faults::all_errors().size());
           here.link.reset();
           here.expect_attached({}, "all");
           faults::expect_freed(std::move(here.program));
           faults::expect_freed(std::move(here.next));
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
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here] { return outcome_of(here.link->update(borrow(here.next))); },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        here.expect_attached(ended ? here.first() : here.second(), where);
                        if (!ended) here.attach_again();
                      },
                  // The kernel says so where our program is attached no more.
                  .also = {{ENOENT, errc::defunct}}};
        }) == "");
}

TEST_CASE("old faults: detaching a program from a cgroup", "[.][old-faults]") {
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here] { return outcome_of(here.link->detach()); },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        here.expect_attached(ended ? here.first() : ids{}, where);
                        // What failed can be done again.
                        expect_equal(sentence(here.link->detach()), "");
                        here.attach_again();
                      }};
        }) == "");
}

TEST_CASE("old faults: closing what is attached to a cgroup", "[.][old-faults]") {
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here] { return outcome_of(here.link->close()); },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        expect(!*here.link, "the handle is not empty after " + where);
                        // Only where the kernel did not detach it is it attached still.
                        const bool refused = ended && ended->operation() == operation::prog_detach;
                        here.expect_attached(refused ? here.first() : ids{}, where);
                        if (refused) {
                          expect_equal(test::prog_detach(here.cgroup.get(), here.program.get(), egress), 0);
                        }
                        here.attach_again();
                      },
                  .tolerated = [](const test::system_call&, int error) { return error == EINTR; },
                  .also = {{ENOENT, errc::not_found}}};
        }) == "");
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
        return call.number == SYS_setsockopt || call.number == SYS_recvmsg || again || faults::may_work(call, error);
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
