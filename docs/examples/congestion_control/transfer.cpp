// SPDX-License-Identifier: MIT
#include "transfer.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bpflink/fd.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

namespace example {

namespace {

using bpflink::unique_fd;

unique_fd tcp_socket() { return unique_fd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

// On a port of the kernel's choice.
unique_fd listen_somewhere(sockaddr_in& address) {
  auto socket = tcp_socket();
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), generic, size) < 0 || ::listen(socket.get(), 1) < 0) return {};
  ::getsockname(socket.get(), generic, &size);
  return socket;
}

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

bool enter_own_network() {
  if (::unshare(CLONE_NEWNET) < 0) return false;
  const auto socket = unique_fd::adopt(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq interface {};
  std::snprintf(interface.ifr_name, sizeof interface.ifr_name, "lo");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &interface) < 0) return false;
  interface.ifr_flags = static_cast<short>(interface.ifr_flags | IFF_UP);
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &interface) == 0;
}

transfer send_by(const std::string& control, std::size_t bytes) {
  auto sender = tcp_socket();
  const auto length = static_cast<socklen_t>(control.size());
  if (::setsockopt(sender.get(), IPPROTO_TCP, TCP_CONGESTION, control.c_str(), length) < 0) {
    return {std::strerror(errno), 0};
  }
  sockaddr_in address{};
  const auto listener = listen_somewhere(address);
  if (::connect(sender.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
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
