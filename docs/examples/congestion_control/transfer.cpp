// SPDX-License-Identifier: MIT
#include "transfer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "../shared/network.hpp"

namespace example {

namespace {

using bpflink::unique_fd;

std::size_t receive_all(int listener) {
  const auto connection = unique_fd::adopt(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  std::vector<char> buffer(65536);
  std::size_t bytes = 0;
  for (;;) {
    const auto got = ::read(connection.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return bytes;
    bytes += static_cast<std::size_t>(got);
  }
}

}  // namespace

transfer send_by(const std::string& control, std::size_t bytes) {
  auto sender = shared::open_socket(SOCK_STREAM);
  const auto length = static_cast<socklen_t>(control.size());
  if (::setsockopt(sender.get(), IPPROTO_TCP, TCP_CONGESTION, control.c_str(), length) < 0) {
    return {std::strerror(errno), 0};
  }
  const auto listener = shared::open_socket(SOCK_STREAM);
  const auto to = shared::loopback(shared::bind_somewhere(listener));
  if (::listen(listener.get(), 1) < 0 || ::connect(sender.get(), shared::generic(to), sizeof to) < 0) {
    return {"ok, and no connection", 0};
  }
  transfer done{"ok", 0};
  std::thread receiver{[&] { done.bytes = receive_all(listener.get()); }};
  const std::vector<char> block(std::min<std::size_t>(bytes, 65536));
  for (std::size_t sent = 0; sent < bytes;) {
    const auto wrote = ::send(sender.get(), block.data(), std::min(block.size(), bytes - sent), MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) break;
    sent += static_cast<std::size_t>(wrote);
  }
  sender.reset();
  receiver.join();
  return done;
}

}  // namespace example
