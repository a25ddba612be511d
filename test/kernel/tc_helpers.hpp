// SPDX-License-Identifier: MIT
// What the tests of tcx and netkit share: programs, and packets for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bpflink/attach/netkit.hpp"
#include "bpflink/attach/tcx.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/rtnetlink.hpp"
#include "support/traffic.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

// TCX_* and NETKIT_*.
inline constexpr std::int32_t tc_next = -1;
inline constexpr std::int32_t tc_pass = 0;
inline constexpr std::int32_t tc_drop = 2;

inline test::counted_program load_tc(std::int32_t verdict = tc_next, const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::sched_cls, 0, verdict, name);
}

/// Appends a hexadecimal digit to the packet's mark, and keeps the mark: the last of several programs has seen who ran
/// before it.
inline test::counted_program load_digit(std::int32_t digit, std::int32_t verdict = tc_next) {
  constexpr int mark = 8;  // in struct __sk_buff
  using namespace test;
  counted_program made;
  made.counter = counter_map(2);
  auto code = assembler()
                  .mov(r6, r1)
                  .load(width::u32, r7, r6, mark)
                  .add(r7, r7)
                  .add(r7, r7)
                  .add(r7, r7)
                  .add(r7, r7)
                  .add(r7, digit)
                  .store(width::u32, r6, mark, r7)
                  .store(width::u32, r10, -4, 1)
                  .mov(r2, r10)
                  .add(r2, -4)
                  .load_map(r1, made.counter.get())
                  .call(helper::map_lookup_elem)
                  .jump_if(jump::equal, r0, 0, "count")
                  .store(width::u64, r0, 0, r7)
                  .label("count")
                  .append(count_and_return(made.counter.get(), verdict))
                  .done();
  made.program = load({.type = prog_type::sched_cls, .code = std::move(code), .name = "digit"});
  return made;
}
inline std::uint64_t digits_seen(const test::counted_program& program) {
  return test::counter(program.counter.get(), 1);
}

inline mechanism best_tcx_mechanism() { return test::at_least(6, 6) ? mechanism::link : mechanism::netlink; }

/// Whether this kernel has no tcx links; then it is shown that the library says so.
bool lacks_tcx_links();

/// Whether this kernel has netkit. It is left out of some builds; who can make a device has it.
inline bool has_netkit() {
  static const bool answer = [] {
    int made = 0;
    test::netns_fixture{}.run([&made] { made = test::create_netkit("nk0", "nk1"); });
    return made == 0;
  }();
  return answer;
}

/// A netkit pair, both ends up and quiet.
inline void make_netkit(const std::string& name, const std::string& peer) {
  if (const int error = test::create_netkit(name, peer); error != 0) {
    test::throw_error(error, "making a netkit pair");
  }
  for (const std::string& end : {name, peer}) {
    test::write_file("/proc/sys/net/ipv6/conf/" + end + "/disable_ipv6", "1");
    test::set_up(end);
  }
}

/// Whether a frame that is sent through one end of a pair comes out of the other, or of another interface that it comes
/// to after so many.
bool frame_passes(const std::string& from, const std::string& to, unsigned interfaces = 1);

}  // namespace bpflink
