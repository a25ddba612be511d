// SPDX-License-Identifier: MIT
// Sockets on loopback: what traffic.cpp and every_event.cpp are made of.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>

#include "traffic.hpp"

namespace bpflink::test {

/// 127.0.0.1 or ::1 with a port.
class loopback {
 public:
  loopback(family f, std::uint16_t port);
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] socklen_t size() const { return size_; }

 private:
  sockaddr_storage address_{};
  socklen_t size_ = 0;
};

/// Non-blocking and close-on-exec.
fd make_socket(family f, int type);
/// To a free port; 0 or errno.
int bind_loopback(int socket, family f);
std::uint16_t own_port(int socket);
/// Waits for poll(2) events; false after `seconds`.
bool wait_for(int descriptor, short events, double seconds);
int connect_to(int socket, const loopback& to, double seconds);

}  // namespace bpflink::test
