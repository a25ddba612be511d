// SPDX-License-Identifier: MIT
#include "network.hpp"

#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "../shared/network.hpp"

namespace {

// A counter of the namespace's: /proc/net/snmp has two lines "Ip:", one with names and one with numbers.
std::uint64_t fragments_made() {
  std::ifstream counters{"/proc/thread-self/net/snmp"};
  std::string names;
  std::string numbers;
  if (!std::getline(counters, names) || !std::getline(counters, numbers)) return 0;
  std::istringstream name{names};
  std::istringstream number{numbers};
  for (std::string word, value; name >> word && number >> value;) {
    if (word == "FragCreates") return std::stoull(value);
  }
  return 0;
}

}  // namespace

bool limit_loopback(int largest_packet) {
  const auto socket = shared::open_socket(SOCK_DGRAM);
  ifreq interface {};
  std::snprintf(interface.ifr_name, sizeof interface.ifr_name, "lo");
  interface.ifr_mtu = largest_packet;
  return ::ioctl(socket.get(), SIOCSIFMTU, &interface) == 0;
}

passage send_datagram(std::size_t size) {
  const auto receiver = shared::open_socket(SOCK_DGRAM);
  const auto sender = shared::open_socket(SOCK_DGRAM);
  const auto to = shared::loopback(shared::bind_somewhere(receiver));

  const auto before = fragments_made();
  std::vector<char> bytes(size, 'x');
  if (::sendto(sender.get(), bytes.data(), bytes.size(), 0, shared::generic(to), sizeof to) < 0) return {};
  passage seen{.fragments = fragments_made() - before};
  pollfd waiting{receiver.get(), POLLIN, 0};
  if (::poll(&waiting, 1, 1000) != 1) return seen;
  const auto got = ::recv(receiver.get(), bytes.data(), bytes.size(), 0);
  if (got > 0) seen.arrived = static_cast<std::size_t>(got);
  return seen;
}
