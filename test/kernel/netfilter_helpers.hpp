// SPDX-License-Identifier: MIT
// What the tests of netfilter share: programs, and packets for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "bpflink/attach/netfilter.hpp"
#include "helpers.hpp"
#include "older_kernel.hpp"
#include "support/fd.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/run_counter.hpp"
#include "support/traffic.hpp"

namespace bpflink {

inline constexpr std::int32_t netfilter_drop = 0;
inline constexpr std::int32_t netfilter_accept = 1;

inline constexpr netfilter_hook all_netfilter_hooks[] = {
    netfilter_hook::pre_routing, netfilter_hook::local_in,     netfilter_hook::forward,
    netfilter_hook::local_out,   netfilter_hook::post_routing,
};

inline test::counted_program load_netfilter(std::int32_t verdict = netfilter_accept,
                                            const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::netfilter, test::attach_type::netfilter, verdict, name);
}

/// Whether this kernel has no netfilter links; then it is shown that the library says so. It takes no such programs
/// either: another one stands in.
inline bool lacks_netfilter() {
  return older_than(6, 4, [] {
    const auto program = test::load({.type = test::prog_type::socket_filter});
    return attach(netfilter_options{
        .family = netfilter_family::ipv4, .hook = netfilter_hook::local_out, .program = borrow(program)});
  });
}

/// The same of links that have fragments put together.
inline bool lacks_defragmentation() {
  return lacks_netfilter() || older_than(6, 6, [] {
           const auto program = load_netfilter();
           return attach(netfilter_options{.family = netfilter_family::ipv4,
                                           .hook = netfilter_hook::local_out,
                                           .program = borrow(program),
                                           .defragment = true});
         });
}

/// A program that accepts all packets, and counts them and their bytes.
struct measuring_program {
  measuring_program();
  [[nodiscard]] std::uint64_t packets() const { return test::counter(counters.get(), 0); }
  [[nodiscard]] std::uint64_t bytes() const { return test::counter(counters.get(), 1); }

  test::fd counters;
  test::fd program;
};

/// Loopback of the calling thread's network namespace takes packets of this size at most from now on.
void limit_loopback(int bytes);
/// Sends a datagram of this size over loopback; how much of it arrived.
std::size_t exchange(test::family family, std::size_t size);

/// Sends itself a packet that is to be forwarded, from one end of a veth pair to somewhere behind another pair. For use
/// in a network namespace of its own.
class forwarded_packets {
 public:
  forwarded_packets();
  /// Sends one, and waits until it is forwarded or dropped. Whether the kernel looks for where a packet is to go, as it
  /// does once one is let through.
  bool pass(test::family family) const;

 private:
  test::fd in_;
  test::fd out_;
};

/// An operation of the library's inside of a network namespace.
template <class Function>
auto in(const test::netns_fixture& netns, Function function) {
  std::optional<decltype(function())> result;
  netns.run([&] { result.emplace(function()); });
  return *std::move(result);
}

}  // namespace bpflink
