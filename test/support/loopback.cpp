// SPDX-License-Identifier: MIT
#include "loopback.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <cerrno>
#include <cstring>

namespace bpflink::test {

loopback::loopback(family f, std::uint16_t port) {
  if (f == family::ipv4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::memcpy(&address_, &address, size_ = sizeof(address));
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    std::memcpy(&address_, &address, size_ = sizeof(address));
  }
}

fd make_socket(family f, int type) {
  const int number = ::socket(f == family::ipv4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return fd(number < 0 ? -errno : number);
}

int bind_loopback(int socket, family f) {
  const loopback address(f, 0);
  return ::bind(socket, address.get(), address.size()) == 0 ? 0 : errno;
}

std::uint16_t own_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  // The port is in the same place in both.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

bool wait_for(int descriptor, short events, double seconds) {
  pollfd waiting{descriptor, events, 0};
  return ::poll(&waiting, 1, static_cast<int>(seconds * 1000)) == 1;
}

int connect_to(int socket, const loopback& to, double seconds) {
  if (::connect(socket, to.get(), to.size()) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_for(socket, POLLOUT, seconds)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace bpflink::test
