// SPDX-License-Identifier: MIT
// Attaching, updating and detaching while traffic runs. The hidden cases run where BPF_LINK_CREATE is unknown.
#include "support/traffic.hpp"

#include <cerrno>
#include <optional>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/netns.hpp"
#include "bpflink/attach/xdp.hpp"
#include "busy_hook.hpp"
#include "netfilter_helpers.hpp"
#include "netns_programs.hpp"
#include "socket_helpers.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/netns_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"
#include "tc_helpers.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

void check_cgroup_traffic(mechanism by) {
  test::cgroup_fixture cgroup;
  test::netns_fixture().run([&] {
    // A socket stays with the cgroup that it was made in.
    std::optional<test::udp_pair> sockets;
    cgroup.enter([&] { sockets.emplace(); });
    check_traffic({.send = [&] { return sockets->send(); },
                   .load = [] { return load_egress(); },
                   .attach =
                       [&](program_ref program) {
                         return as_handle(attach(cgroup_options{
                             .cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = program}));
                       },
                   .by = by});
  });
}

void check_xdp_traffic(mechanism by) {
  test::netns_fixture().run([by] {
    test::udp_pair sockets;
    check_traffic({.send = [&] { return sockets.send(); },
                   .load = [] { return load_xdp(); },
                   .attach =
                       [](program_ref program) {
                         return as_handle(attach(
                             xdp_options{.interface = index_of("lo"), .program = program, .mode = xdp_mode::generic}));
                       },
                   .by = by});
  });
}

void check_dissector_traffic(mechanism by) {
  test::netns_fixture().run([by] {
    const test::packet_sender packets;
    check_traffic({.send = [&] { return packets.send(); },
                   .load = [] { return load_dissector(); },
                   .attach =
                       [](program_ref program) {
                         return as_handle(
                             attach(netns_options{.hook = netns_hook::flow_dissector, .program = program}));
                       },
                   .by = by});
  });
}

}  // namespace

TEST_CASE("traffic: cgroup egress", "[traffic]") {
  SKIP_IF(test::needs_cgroup2());
  check_cgroup_traffic(best_cgroup_mechanism());
}

TEST_CASE("traffic: socket lookup", "[traffic]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "socket lookup"));
  test::netns_fixture().run([] {
    test::udp_pair sockets;
    check_traffic({.send = [&] { return sockets.send(); },
                   .load = [] { return load_lookup(); },
                   .attach =
                       [](program_ref program) {
                         return as_handle(attach(netns_options{.hook = netns_hook::sk_lookup, .program = program}));
                       }});
  });
}

TEST_CASE("traffic: flow dissector", "[traffic]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 5, "flow dissectors that can be swapped"));
  check_dissector_traffic(test::at_least(5, 8) ? mechanism::link : mechanism::program_exclusive);
}

TEST_CASE("traffic: XDP", "[traffic]") {
  SKIP_IF(test::needs_root());
  check_xdp_traffic(best_xdp_mechanism());
}

TEST_CASE("traffic: netfilter", "[traffic]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  test::netns_fixture().run([] {
    test::udp_pair sockets;
    // The kernel updates none of its links.
    check_attach_and_detach(
        {.send = [&] { return sockets.send(); },
         .load = [] { return load_netfilter(); },
         .attach =
             [](program_ref program) {
               return as_handle(attach(netfilter_options{
                   .family = netfilter_family::ipv4, .hook = netfilter_hook::local_out, .program = program}));
             }});
  });
}

TEST_CASE("traffic: socket filter", "[traffic]") {
  SKIP_IF(test::needs_root());
  const unix_pair sockets;
  check_traffic({.send = [&] { return sockets.passes() ? 0 : EIO; },
                 .load = [] { return load_filter(filter_keep); },
                 .attach =
                     [&](program_ref program) {
                       return as_handle(
                           attach(socket_filter_options{.socket = fd_ref{sockets.receiver.get()}, .program = program}));
                     },
                 .by = mechanism::socket_option,
                 .compares = false});
}

TEST_CASE("traffic: without links", "[traffic]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  const auto result = test::on_old_kernel(
      "old-traffic", [] { test::refuse_bpf({test::command::link_create}); }, 300);
  CHECK(result.failure() == "");
}

TEST_CASE("old traffic: cgroup egress", "[.][old-traffic]") { check_cgroup_traffic(mechanism::program_multi); }

TEST_CASE("old traffic: XDP", "[.][old-traffic]") { check_xdp_traffic(mechanism::netlink); }

// With links see tcx.cpp.
TEST_CASE("old traffic: tcx", "[.][old-traffic]") {
  test::netns_fixture().run([] {
    test::udp_pair sockets;
    check_traffic({.send = [&] { return sockets.send(); },
                   .load = [] { return load_tc(tc_pass); },
                   .attach =
                       [](program_ref program) {
                         return as_handle(
                             attach(tcx_options{.interface = 1, .hook = tcx_hook::egress, .program = program}));
                       },
                   .by = mechanism::netlink});
  });
}

TEST_CASE("old traffic: flow dissector", "[.][old-traffic]") {
  if (test::at_least(5, 5)) check_dissector_traffic(mechanism::program_exclusive);
}

}  // namespace bpflink
