// SPDX-License-Identifier: MIT
#include "world.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <bpflink/fd.hpp>
#include <csignal>
#include <cstdio>

namespace chain {

namespace {

volatile std::sig_atomic_t signalled = 0;

void on_signal(int) { signalled = 1; }

bpflink::unique_fd udp_socket() {
  return bpflink::unique_fd::adopt(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

}  // namespace

bool enter_own_network() {
  if (::unshare(CLONE_NEWNET) < 0) return false;
  const auto socket = udp_socket();
  ifreq interface {};
  std::snprintf(interface.ifr_name, sizeof interface.ifr_name, "lo");
  interface.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &interface) == 0;
}

sent exchange(sent wanted) {
  constexpr std::size_t small_size = 10;
  constexpr std::size_t large_size = 1000;
  const auto sender = udp_socket();
  const auto receiver = udp_socket();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(receiver.get(), raw, size) < 0 || ::getsockname(receiver.get(), raw, &size) < 0) return {};

  std::array<char, large_size> bytes{};
  const auto send = [&](std::size_t length) {
    static_cast<void>(::sendto(sender.get(), bytes.data(), length, 0, raw, size));
  };
  for (int count = 0; count < wanted.small; ++count) send(small_size);
  for (int count = 0; count < wanted.large; ++count) send(large_size);
  sent arrived;
  pollfd waited{receiver.get(), POLLIN, 0};
  while (::poll(&waited, 1, 100) == 1) {
    const auto length = ::recv(receiver.get(), bytes.data(), bytes.size(), 0);
    ++(length == static_cast<ssize_t>(large_size) ? arrived.large : arrived.small);
  }
  return arrived;
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return signalled != 0; }

}  // namespace chain
