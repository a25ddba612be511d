// SPDX-License-Identifier: MIT
// The kinds of links that the library makes, each described once for the contract.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "bpflink/attach/iterator.hpp"
#include "bpflink/attach/netns.hpp"
#include "bpflink/attach/raw_link.hpp"
#include "bpflink/attach/raw_tracepoint.hpp"
#include "bpflink/attach/tracepoint.hpp"
#include "bpflink/attach/uprobe_multi.hpp"
#include "contract.hpp"
#include "netns_programs.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/mount_namespace.hpp"
#include "support/netns_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/rtnetlink.hpp"
#include "support/traffic.hpp"
#include "support/vmlinux_btf.hpp"
#include "uprobe_targets.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

namespace numbers = test::link_type;

// An operation of the library's inside a network namespace.
template <class Function>
auto inside(const test::netns_fixture& netns, Function function) {
  std::optional<decltype(function())> result;
  netns.run([&] { result = function(); });
  return *std::move(result);
}

void send_from(test::cgroup_fixture& cgroup) {
  cgroup.enter([] { static_cast<void>(test::udp_send()); });
}

test::counted_program load_iterator() {
  test::counted_program made;
  made.counter = test::counter_map();
  made.program = test::load({.type = test::prog_type::tracing,
                             .code = test::count_and_return(made.counter.get(), 0),
                             .expected_attach_type = test::attach_type::trace_iter,
                             .attach_btf_id = test::vmlinux_btf::get().function("bpf_iter_task").value()});
  return made;
}

void read_iterator(int link) {
  if (link < 0) return;
  const auto reader = test::must(test::iter_create(link), "opening the iterator");
  char buffer[64];
  static_cast<void>(::read(reader.get(), buffer, sizeof buffer));
}

kind_case<netns_link> netns_case(const test::netns_fixture& netns, netns_hook hook) {
  const bool lookup = hook == netns_hook::sk_lookup;
  return {.type = link_type::netns,
          .number = numbers::netns,
          .since = lookup ? test::kernel_version{5, 9} : test::kernel_version{5, 8},
          .load = [lookup] { return lookup ? load_lookup() : load_dissector(); },
          .attach =
              [&netns, hook](program_ref program) {
                return attach(netns_options{.netns = fd_ref{netns.get()}, .hook = hook, .program = program});
              },
          .trigger =
              [&netns, lookup](int) {
                netns.run([lookup] { static_cast<void>(lookup ? test::udp_send() : test::packet_send()); });
              },
          .tells_defunct = true};
}

// Unlike the tracepoints of system calls there are ones that every kernel has, and that only a new thread causes.
constexpr const char* thread_event = "task_newtask";

}  // namespace

TEST_CASE("contract: cgroup", "[contract]") {
  SKIP_IF(test::needs_cgroup2());
  std::optional<test::cgroup_fixture> cgroup{std::in_place};
  check_contract(kind_case<cgroup_link>{.type = link_type::cgroup,
                                        .number = numbers::cgroup,
                                        .since = {5, 7},
                                        .load = [] { return load_egress(); },
                                        .attach =
                                            [&](program_ref program) {
                                              return attach(cgroup_options{.cgroup = fd_ref{cgroup->get()},
                                                                           .hook = cgroup_hook::inet_egress,
                                                                           .program = program});
                                            },
                                        .trigger = [&](int) { send_from(*cgroup); },
                                        .lose_target = [&] { cgroup->remove(); },
                                        .tells_defunct = true});
}

TEST_CASE("contract: raw link", "[contract]") {
  SKIP_IF(test::needs_cgroup2());
  std::optional<test::cgroup_fixture> cgroup{std::in_place};
  check_contract(any_case{.type = link_type::cgroup,
                          .number = numbers::cgroup,
                          .since = {5, 7},
                          .load = [] { return load_egress(); },
                          .attach =
                              [&](program_ref program) {
                                return attach(raw_link_options{.target = fd_ref{cgroup->get()},
                                                               .hook = attach_type::cgroup_inet_egress,
                                                               .program = program});
                              },
                          .trigger = [&](int) { send_from(*cgroup); },
                          .lose_target = [&] { cgroup->remove(); },
                          .tells_defunct = true});
}

TEST_CASE("contract: network namespace, sk_lookup", "[contract]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture netns;
  auto kind = netns_case(netns, netns_hook::sk_lookup);
  kind.lose_target = [&netns] { netns.remove(); };
  check_contract(kind);
}

TEST_CASE("contract: network namespace, flow dissector", "[contract]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture netns;
  auto kind = netns_case(netns, netns_hook::flow_dissector);
  kind.lose_target = [&netns] { netns.remove(); };
  kind.one_at_a_time = true;
  check_contract(kind);
}

TEST_CASE("contract: iterator", "[contract]") {
  SKIP_IF(test::needs_root());
  check_contract(kind_case<iterator_link>{
      .type = link_type::iterator,
      .number = numbers::iter,
      .since = {5, 8},
      .load = load_iterator,
      .attach = [](program_ref program) { return attach(iterator_options{.program = program}); },
      .trigger = read_iterator});
}

TEST_CASE("contract: raw tracepoint", "[contract]") {
  SKIP_IF(test::needs_root());
  check_contract(kind_case<raw_tracepoint_link>{
      .type = link_type::raw_tracepoint,
      .number = numbers::raw_tracepoint,
      .since = {5, 7},
      .load = [] { return test::load_counted(test::prog_type::raw_tracepoint, 0, 0); },
      .attach =
          [](program_ref program) { return attach(raw_tracepoint_options{.name = thread_event, .program = program}); },
      .trigger = [](int) { test::on_thread([] {}); }});
}

TEST_CASE("contract: XDP", "[contract]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_veth());
  const test::netns_fixture netns;
  netns.run([] { test::create_veth("a", "b"); });
  check_contract(kind_case<xdp_link>{
      .type = link_type::xdp,
      .number = numbers::xdp,
      .since = {5, 9},
      .load = [] { return load_xdp(); },
      .attach =
          [&](program_ref program) {
            return inside(netns, [program] {
              return attach(xdp_options{.interface = index_of("a"), .program = program, .mode = xdp_mode::generic});
            });
          },
      .trigger = [&](int) { netns.run([] { test::expect_equal(test::packet_through("b", "a"), 0, "a frame"); }); },
      .lose_target = [&] { netns.run([] { test::delete_interface("a"); }); },
      .tells_defunct = true,
      .one_at_a_time = true});
}

TEST_CASE("contract: uprobe multi", "[contract]") {
  SKIP_IF(test::needs_root());
  const std::uint64_t offsets[] = {test::offset_of(test::first_target)};
  check_contract(kind_case<uprobe_multi_link>{
      .type = link_type::uprobe_multi,
      .number = numbers::uprobe_multi,
      .since = {6, 6},
      .load = [] { return test::load_counted(test::prog_type::kprobe, test::attach_type::trace_uprobe_multi, 0); },
      .attach =
          [&](program_ref program) {
            return attach(uprobe_multi_options{.path = "/proc/self/exe", .offsets = offsets, .program = program});
          },
      .trigger = [](int) { static_cast<void>(test::first_target(1, nullptr)); }});
}

TEST_CASE("contract: tracepoint", "[contract]") {
  SKIP_IF(test::needs_root());
  // In a process of its own: tracefs is not mounted everywhere, and mounts are not to be seen outside.
  const auto result = test::on_old_kernel("contract-tracepoint", [] {
    test::expect(::unshare(CLONE_NEWNS) == 0, "unsharing mounts");
    test::expect(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "making mounts private");
    if (!test::path_exists("/sys/kernel/tracing/events")) test::mount_at("tracefs", "/sys/kernel/tracing");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("contract of tracepoints, where tracefs is", "[.][contract-tracepoint]") {
  check_contract(kind_case<perf_event_link>{
      .type = link_type::perf_event,
      .number = numbers::perf_event,
      .since = {5, 15},
      .load = [] { return test::load_counted(test::prog_type::tracepoint, 0, 0); },
      .attach =
          [](program_ref program) {
            return attach(tracepoint_options{.category = "task", .name = thread_event, .program = program});
          },
      .trigger = [](int) { test::on_thread([] {}); }});
}

}  // namespace bpflink
