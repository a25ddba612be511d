// SPDX-License-Identifier: MIT
// The process runs out of descriptors, or of memory.
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/iterator.hpp"
#include "bpflink/attach/netns.hpp"
#include "bpflink/attach/raw_tracepoint.hpp"
#include "bpflink/attach/uprobe_multi.hpp"
#include "bpflink/load.hpp"
#include "faults.hpp"
#include "netns_programs.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/vmlinux_btf.hpp"
#include "tracepoint_helpers.hpp"
#include "uprobe_targets.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;

// Runs f while the process may have no descriptor more.
outcome without_descriptors(const std::function<outcome()>& f) {
  rlimit before{};
  expect_equal(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  expect_equal(::setrlimit(RLIMIT_NOFILE, &none), 0);
  auto ended = f();
  expect_equal(::setrlimit(RLIMIT_NOFILE, &before), 0);
  return ended;
}

// There is a descriptor for nothing, then for one thing, and so on, until it works.
template <class Attach>
void run_out(const test::fd& program, const Attach& attach) {
  const auto before = test::open_descriptors();
  const auto ended = without_descriptors([&] { return outcome_of(attach()); });
  expect(ended.has_value(), "it worked without descriptors");
  const auto what = ended->message();
  expect(*ended == errc::system, what);
  expect(ended->cause() == cause::no_descriptors, what);
  expect_equal(ended->sys_errno(), EMFILE, what);
  expect_contains(what, "out of descriptors");
  expect_equal(test::leaked(before, test::open_descriptors()), "", "descriptors");
  if (test::at_least(5, 8)) expect_equal(faults::links_of(program), 0, "links");
  expect_equal(sentence(attach()), "");
}

}  // namespace

TEST_CASE("faults: out of descriptors", "[faults]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 9, "links of all kinds"));
  SKIP_IF(test::needs_vmlinux_btf());
  test::cgroup_fixture cgroup;
  const auto ended = with_tracefs([&] {
    test::netns_fixture().run([&] {
      const auto skb = load_egress();
      run_out(skb.program, [&] {
        return attach(
            cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(skb)});
      });
      run_out(skb.program, [&] {
        return attach(
            cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = borrow(skb)});
      });
      const auto lookup = load_lookup();
      run_out(lookup.program,
              [&] { return attach(netns_options{.hook = netns_hook::sk_lookup, .program = borrow(lookup)}); });
      const auto xdp = load_xdp();
      const auto lo = index_of("lo");
      run_out(xdp.program,
              [&] { return attach(xdp_options{.interface = lo, .program = borrow(xdp), .mode = xdp_mode::generic}); });
      const auto raw = test::load({.type = test::prog_type::raw_tracepoint});
      run_out(raw, [&] { return attach(raw_tracepoint_options{.name = "sched_switch", .program = borrow(raw)}); });
      const auto tasks = test::load({.type = test::prog_type::tracing,
                                     .expected_attach_type = test::attach_type::trace_iter,
                                     .attach_btf_id = test::vmlinux_btf::get().function("bpf_iter_task").value()});
      run_out(tasks, [&] { return attach(iterator_options{.program = borrow(tasks)}); });
      const auto link = must(attach(iterator_options{.program = borrow(tasks)}));
      run_out(test::load({}), [&] { return link.open(); });
      if (test::at_least(5, 15)) {
        const auto tracepoint = load_tracepoint();
        run_out(tracepoint.program, [&] { return attach(at_call(borrow(tracepoint))); });
      }
      if (test::at_least(6, 6)) {
        const auto probe = test::load(
            {.type = test::prog_type::kprobe, .expected_attach_type = test::attach_type::trace_uprobe_multi});
        const std::array offsets{test::offset_of(test::first_target)};
        run_out(probe, [&] {
          return attach(uprobe_multi_options{.path = "/proc/self/exe", .offsets = offsets, .program = borrow(probe)});
        });
      }
      constexpr std::array<instruction, 2> return_zero{instruction{.code = 0xb7}, instruction{.code = 0x95}};
      run_out(skb.program,
              [&] { return program::load({.type = program_type::socket_filter, .instructions = return_zero}); });
    });
  });
  CHECK(ended == "");
}

TEST_CASE("faults: an error without memory for its words keeps its values", "[faults]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto result = test::in_child([&] {
    const auto program = load_egress();
    const cgroup_options options{
        .cgroup = "/no/such/cgroup", .hook = cgroup_hook::inet_egress, .program = borrow(program)};
    const auto whole = failure_of(attach(options));
    expect_contains(whole.message(), "/no/such/cgroup");
    std::optional<bpf_error> error;
    if (!test::without_memory([&] { error.emplace(attach(options).error()); })) return;
    const bpf_error copy = *error;
    for (const auto& one : {*error, copy}) {
      expect(one == whole.code() && one.cause() == whole.cause() && one.operation() == whole.operation());
      expect_equal(one.sys_errno(), ENOENT);
      expect_equal(std::string{one.reason()} + std::string{one.target()} + std::string{one.action()}, "");
      expect(one.first() == nullptr);
      expect_equal(one.message(), "not_found (open: ENOENT)");
    }
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
