// SPDX-License-Identifier: MIT
//
// A netfilter program with and without defragmentation: a datagram that is too large for one packet is sent over
// loopback, in a network namespace of this process's own, and the program counts what comes by before routing. Needs
// root, and Linux 6.6. Everything ends with the process, also where that is interrupted: nothing is pinned.

#include <fmt/format.h>
#include <sys/utsname.h>

#include <bpflink/format.hpp>
#include <cstdio>

#include "../shared/network.hpp"
#include "network.hpp"
#include "program.hpp"

namespace {

constexpr int largest_packet = 1500;
constexpr std::size_t datagram = 4000;

// One line of what was seen; false where the program could not be attached.
bool show(bool defragment) {
  const auto measuring = measuring_program::load();
  if (!measuring) {
    fmt::print("{}\n", measuring.error());
    return false;
  }
  const auto link = bpflink::attach(bpflink::netfilter_options{
      .family = bpflink::netfilter_family::ipv4,
      .hook = bpflink::netfilter_hook::pre_routing,
      .program = measuring->program(),
      .priority = bpflink::netfilter_priority::filter - 1,
      .defragment = defragment,
  });
  if (!link) {
    fmt::print("{}\n", link.error());
    return false;
  }
  const auto sent = send_datagram(datagram);
  fmt::print("{:<10}  {:>14}  {:>20}  {:>18}  {:>14}\n", defragment ? "yes" : "no", sent.fragments,
             measuring->packets(), measuring->bytes(), sent.arrived);
  return sent.arrived == datagram;
}

}  // namespace

int main() {
  utsname system{};
  ::uname(&system);
  fmt::print("bpflink {} on Linux {}\n\n", BPFLINK_VERSION, system.release);
  if (!shared::enter_own_network() || !limit_loopback(largest_packet)) {
    std::perror("a network namespace");
    return 1;
  }
  fmt::print("A datagram of {} bytes, by an interface that takes packets of {}:\n\n", datagram, largest_packet);
  fmt::print("{:<10}  {:>14}  {:>20}  {:>18}  {:>14}\n", "defragment", "fragments sent", "packets at the hook",
             "bytes at the hook", "bytes received");
  const bool in_pieces = show(false);
  const bool whole = show(true);
  return in_pieces && whole ? 0 : 1;
}
