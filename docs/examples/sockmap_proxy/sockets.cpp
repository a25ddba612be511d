// SPDX-License-Identifier: MIT
#include "sockets.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>

namespace proxy {

namespace {

using bpflink::unique_fd;

volatile std::sig_atomic_t signalled = 0;
void on_signal(int) { signalled = 1; }

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

unique_fd make_socket() { return unique_fd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

// The byte at a place of what is sent.
std::uint8_t pattern(std::size_t place) { return static_cast<std::uint8_t>(place * 31 + place / 4096); }

constexpr std::size_t piece = 16384;

}  // namespace

bool interrupted() { return signalled != 0; }

void watch_for_interrupts() {
  // Without SA_RESTART: whoever waits is woken.
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool enter_own_network() {
  if (::unshare(CLONE_NEWNET) < 0) return false;
  const auto socket = unique_fd::adopt(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq interface {};
  std::snprintf(interface.ifr_name, sizeof interface.ifr_name, "lo");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &interface) < 0) return false;
  interface.ifr_flags = static_cast<short>(interface.ifr_flags | IFF_UP);
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &interface) == 0;
}

listener listen_somewhere() {
  listener made{make_socket()};
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(made.socket.get(), generic, size) == 0 && ::listen(made.socket.get(), 1) == 0 &&
      ::getsockname(made.socket.get(), generic, &size) == 0) {
    made.port = ntohs(address.sin_port);
  }
  return made;
}

unique_fd accept_one(const listener& from) {
  return unique_fd::adopt(::accept4(from.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

unique_fd connect_to(std::uint16_t port) {
  auto socket = make_socket();
  const auto to = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) socket.reset();
  return socket;
}

void echo(const unique_fd& socket) {
  std::array<std::uint8_t, piece> bytes{};
  for (;;) {
    const auto got = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (got <= 0) return;
    if (::send(socket.get(), bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) < 0) return;
  }
}

exchange exchange_bytes(const unique_fd& socket, std::size_t count) {
  exchange done;
  std::array<std::uint8_t, piece> bytes{};
  while (done.received < count && !interrupted()) {
    pollfd waiting{socket.get(), static_cast<short>(POLLIN | (done.sent < count ? POLLOUT : 0)), 0};
    if (::poll(&waiting, 1, 5000) <= 0) break;
    if ((waiting.revents & POLLOUT) != 0) {
      const auto length = std::min(piece, count - done.sent);
      for (std::size_t i = 0; i < length; ++i) bytes[i] = pattern(done.sent + i);
      const auto sent = ::send(socket.get(), bytes.data(), length, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) done.sent += static_cast<std::size_t>(sent);
    }
    if ((waiting.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      const auto got = ::recv(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got <= 0) break;
      for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
        done.same = done.same && bytes[i] == pattern(done.received + i);
      }
      done.received += static_cast<std::size_t>(got);
    }
  }
  return done;
}

}  // namespace proxy
