// SPDX-License-Identifier: MIT
// A network namespace that ends with the example, and sockets on its loopback interface.
#pragma once

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpflink/fd.hpp>
#include <cstdint>
#include <cstdio>

namespace shared {

// type: SOCK_STREAM or SOCK_DGRAM.
[[nodiscard]] inline bpflink::unique_fd open_socket(int type) {
  return bpflink::unique_fd::adopt(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
}

[[nodiscard]] inline bool bring_up_loopback() {
  const auto socket = open_socket(SOCK_DGRAM);
  ifreq interface {};
  std::snprintf(interface.ifr_name, sizeof interface.ifr_name, "lo");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &interface) < 0) return false;
  interface.ifr_flags = static_cast<short>(interface.ifr_flags | IFF_UP);
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &interface) == 0;
}

// The calling thread, and what it starts, goes on in a namespace of its own, which ends with the last of them. False,
// with errno, where that is not permitted: it needs root.
[[nodiscard]] inline bool enter_own_network() { return ::unshare(CLONE_NEWNET) == 0 && bring_up_loopback(); }

[[nodiscard]] inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

template <class Address>
const sockaddr* generic(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Binds the socket to a port of the kernel's choice, which is returned; 0 where that failed.
[[nodiscard]] inline std::uint16_t bind_somewhere(const bpflink::unique_fd& socket) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), generic(address), size) < 0) return 0;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) < 0) return 0;
  return ntohs(address.sin_port);
}

}  // namespace shared
