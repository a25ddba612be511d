// SPDX-License-Identifier: MIT
// What the tests of XDP share: programs, and packets for them.
#pragma once

#include <cstdint>
#include <string>

#include "bpflink/attach/xdp.hpp"
#include "helpers.hpp"
#include "support/child.hpp"
#include "support/fd.hpp"
#include "support/netns_fixture.hpp"
#include "support/reception.hpp"
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

/// A namespace in which a program is attached in generic mode as long as it lives. With the first of these in the
/// kernel, and with the last, it changes its own code, which takes longer than all the rest: for tests that attach
/// often.
inline test::netns_fixture with_generic_xdp() {
  test::netns_fixture netns;
  netns.run([] {
    constexpr std::uint32_t generic_mode = 2;
    const auto program = load_xdp();
    test::expect_equal(test::netlink_xdp(test::ifindex_of("lo"), program.get(), generic_mode), 0, "attaching to lo");
  });
  return netns;
}

inline mechanism best_xdp_mechanism() { return test::at_least(5, 9) ? mechanism::link : mechanism::netlink; }

using test::lo_loses;
using test::lo_passes;

/// Whether the program has a datagram over lo before it, which then does not arrive.
inline bool lo_drops(const test::counted_program& program) {
  const auto before = program.runs();
  return lo_loses() && program.runs() > before;
}

/// How often the program ran while a frame went from one end of a veth pair to the other.
inline std::uint64_t runs_for_frame(const test::counted_program& program, const std::string& from,
                                    const std::string& to) {
  const auto before = program.runs();
  test::expect_equal(test::packet_through(from, to), 0, "a frame from " + from + " to " + to);
  return program.runs() - before;
}

}  // namespace bpflink
