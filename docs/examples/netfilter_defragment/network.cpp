// SPDX-License-Identifier: MIT
#include "network.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpflink/fd.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

bpflink::unique_fd open_socket() { return bpflink::unique_fd::adopt(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

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

bool enter_own_network(int largest_packet) {
  if (::unshare(CLONE_NEWNET) < 0) return false;
  const auto socket = open_socket();
  ifreq loopback{};
  std::snprintf(loopback.ifr_name, sizeof loopback.ifr_name, "lo");
  loopback.ifr_mtu = largest_packet;
  if (::ioctl(socket.get(), SIOCSIFMTU, &loopback) < 0) return false;
  loopback.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &loopback) == 0;
}

passage send_datagram(std::size_t size) {
  const auto receiver = open_socket();
  const auto sender = open_socket();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(receiver.get(), generic, length) < 0 || ::getsockname(receiver.get(), generic, &length) < 0) return {};

  const auto before = fragments_made();
  std::vector<char> bytes(size, 'x');
  if (::sendto(sender.get(), bytes.data(), bytes.size(), 0, generic, length) < 0) return {};
  passage seen{.fragments = fragments_made() - before};
  pollfd waiting{receiver.get(), POLLIN, 0};
  if (::poll(&waiting, 1, 1000) != 1) return seen;
  const auto got = ::recv(receiver.get(), bytes.data(), bytes.size(), 0);
  if (got > 0) seen.arrived = static_cast<std::size_t>(got);
  return seen;
}
