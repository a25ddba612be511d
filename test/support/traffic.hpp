// SPDX-License-Identifier: MIT
// What makes a hook's program run. All of it is in the calling thread's network namespace and the process's cgroup, on
// loopback, and ends within seconds. Results are 0 or errno.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fd.hpp"

namespace bpflink::test {

enum class family : std::uint8_t { ipv4, ipv6 };

/// A UDP socket, and a second one on loopback that it sends to.
class udp_pair {
 public:
  explicit udp_pair(family f = family::ipv4);

  /// sendto(2), to the other's address.
  int send();
  /// Waits for a datagram and takes it; false if none comes within `seconds`.
  bool receive(double seconds = patience);
  /// Whether what was sent arrives, as soon as the kernel has either queued it for the receiver or dropped it there.
  bool arrives();
  [[nodiscard]] int sender() const { return sender_.get(); }
  [[nodiscard]] int receiver() const { return receiver_.get(); }

 private:
  fd sender_;
  fd receiver_;
  family family_;
  std::uint16_t port_ = 0;
};

/// A datagram from a fresh socket to a fresh one on loopback: sendto's answer, once it has arrived.
int udp_send(family f = family::ipv4);

/// Listens on loopback.
class tcp_listener {
 public:
  explicit tcp_listener(family f = family::ipv4);
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int get() const { return socket_.get(); }
  /// Connects to it, has it accept, sends a byte there and closes.
  int connect();

 private:
  fd socket_;
  family family_;
  std::uint16_t port_ = 0;
};

/// connect(2) to a port of loopback; ETIMEDOUT after `seconds`.
int tcp_connect(std::uint16_t port, family f = family::ipv4, double seconds = patience);
/// A listener, a connection and a byte.
int tcp_exchange(family f = family::ipv4);

/// Sends Ethernet frames with a UDP datagram of 4 bytes through AF_PACKET: has the flow dissector run. To close such a
/// socket takes the kernel long.
class packet_sender {
 public:
  explicit packet_sender(const std::string& interface = "lo");
  [[nodiscard]] int send(std::string_view data = "data") const;

 private:
  fd socket_;
  unsigned interface_;
};

/// One such frame.
int packet_send(const std::string& interface = "lo", std::string_view data = "data");
/// The same from one end of a veth pair, until it has come out of the other.
int packet_through(const std::string& from, const std::string& to);

/// socket(2) and bind(2), each with its errno.
int create_socket(family f = family::ipv4);
int bind_socket(family f = family::ipv4);
/// A byte of a sysctl file, of /dev/zero; an open of /dev/null.
int read_sysctl();
int read_zero();
int open_device();

/// Each kind of socket call once on IPv4, IPv6 and AF_UNIX: socket, bind, connect, accept, getpeername, getsockname,
/// getsockopt, setsockopt, sendmsg and recvmsg without a connection, close; a sysctl read; a device opened. What is
/// refused is passed over. Makes the program at every cgroup hook run.
void every_cgroup_event();

}  // namespace bpflink::test
