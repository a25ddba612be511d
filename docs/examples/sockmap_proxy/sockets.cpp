// SPDX-License-Identifier: MIT
#include "sockets.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "../shared/interrupts.hpp"
#include "../shared/network.hpp"

namespace proxy {

namespace {

using bpflink::unique_fd;

// The byte at a place of what is sent.
std::uint8_t pattern(std::size_t place) { return static_cast<std::uint8_t>(place * 31 + place / 4096); }

constexpr std::size_t piece = 16384;

}  // namespace

listener listen_somewhere() {
  listener made{shared::open_socket(SOCK_STREAM)};
  made.port = shared::bind_somewhere(made.socket);
  if (::listen(made.socket.get(), 1) < 0) made.port = 0;
  return made;
}

unique_fd accept_one(const listener& from) {
  return unique_fd::adopt(::accept4(from.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

unique_fd connect_to(std::uint16_t port) {
  auto socket = shared::open_socket(SOCK_STREAM);
  const auto to = shared::loopback(port);
  if (::connect(socket.get(), shared::generic(to), sizeof to) < 0) socket.reset();
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
  while (done.received < count && !shared::interrupted()) {
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
