// SPDX-License-Identifier: MIT
// What the tests of XDP share: programs, and packets for them.
#pragma once

#include <cstdint>
#include <string>

#include "bpflink/attach/xdp.hpp"
#include "helpers.hpp"
#include "support/fd.hpp"
#include "support/rtnetlink.hpp"
#include "support/traffic.hpp"

namespace bpflink {

inline constexpr std::int32_t xdp_drop = 1;
inline constexpr std::int32_t xdp_pass = 2;

inline test::counted_program load_xdp(std::int32_t action = xdp_pass, const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::xdp, 0, action, name);
}

/// An index known at run time.
inline ifindex index_of(unsigned number) { return *ifindex::from(number); }
inline ifindex index_of(const std::string& name) { return index_of(test::ifindex_of(name)); }

inline mechanism best_xdp_mechanism() { return test::at_least(5, 9) ? mechanism::link : mechanism::netlink; }

/// Whether a datagram over lo arrives. The program there has run before sendto returns, so there is little to wait for.
inline bool lo_passes() {
  test::udp_pair pair;
  return pair.send() == 0 && pair.receive(0.05);
}

/// Whether the program ran for a frame that came out of a veth's other end.
inline bool ran_for_frame(const test::counted_program& program, const std::string& other_end) {
  const auto before = program.runs();
  if (test::packet_send(other_end) != 0) return false;
  return test::eventually([&] { return program.runs() > before; }, 2);
}

}  // namespace bpflink
