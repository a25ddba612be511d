// SPDX-License-Identifier: MIT
#include "traffic.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "loopback.hpp"

namespace bpflink::test {

namespace {

int error_of(ssize_t result) { return result < 0 ? errno : 0; }

int open_and_read(const char* path) {
  const fd file = open_file(path, O_RDONLY);
  if (!file) return file.error();
  char byte = 0;
  return error_of(::read(file.get(), &byte, 1));
}

}  // namespace

udp_pair::udp_pair(family f)
    : sender_(must(make_socket(f, SOCK_DGRAM), "making a UDP socket")),
      receiver_(must(make_socket(f, SOCK_DGRAM), "making a UDP socket")),
      family_(f) {
  if (const int error = bind_loopback(receiver_.get(), f); error != 0) throw_error(error, "binding a UDP socket");
  port_ = own_port(receiver_.get());
}

int udp_pair::send() {
  const loopback to(family_, port_);
  return error_of(::sendto(sender_.get(), "x", 1, 0, to.get(), to.size()));
}

bool udp_pair::receive(double seconds) {
  char byte = 0;
  return wait_for(receiver_.get(), POLLIN, seconds) && ::recv(receiver_.get(), &byte, 1, MSG_DONTWAIT) == 1;
}

int udp_send(family f) {
  udp_pair sockets(f);
  const int error = sockets.send();
  if (error == 0) sockets.receive();
  return error;
}

tcp_listener::tcp_listener(family f) : socket_(must(make_socket(f, SOCK_STREAM), "making a TCP socket")), family_(f) {
  int error = bind_loopback(socket_.get(), f);
  if (error == 0 && ::listen(socket_.get(), 8) != 0) error = errno;
  if (error != 0) throw_error(error, "listening on loopback");
  port_ = own_port(socket_.get());
}

int tcp_listener::connect() {
  const auto accept = [this] { return fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)); };
  while (accept()) continue;  // connections of before
  const fd client = make_socket(family_, SOCK_STREAM);
  if (!client) return client.error();
  if (const int error = connect_to(client.get(), loopback(family_, port_), patience); error != 0) return error;
  if (!wait_for(socket_.get(), POLLIN, patience)) return ETIMEDOUT;
  const fd server = accept();
  if (!server) return errno;
  if (::send(client.get(), "x", 1, MSG_NOSIGNAL) < 0) return errno;
  char byte = 0;
  if (!wait_for(server.get(), POLLIN, patience)) return ETIMEDOUT;
  return error_of(::recv(server.get(), &byte, 1, 0));
}

int tcp_connect(std::uint16_t port, family f, double seconds) {
  const fd client = make_socket(f, SOCK_STREAM);
  return client ? connect_to(client.get(), loopback(f, port), seconds) : client.error();
}

int tcp_exchange(family f) { return tcp_listener(f).connect(); }

bool udp_pair::arrives() {
  const auto dropped = [this] {
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t size = sizeof(memory);
    return ::getsockopt(receiver_.get(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) == 0 &&
           memory[SK_MEMINFO_DROPS] != 0;
  };
  bool arrived = false;
  return eventually([&] { return (arrived = receive(0)) || dropped(); }) && arrived;
}

packet_sender::packet_sender(const std::string& interface)
    : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)), interface_(::if_nametoindex(interface.c_str())) {
  if (!socket_) throw_error(errno, "making a packet socket");
}

int packet_sender::send(std::string_view data) const {
  // Ethernet with no addresses, IPv4 from 127.0.0.1 to itself, UDP from and to port 9 with 4 bytes; no checksums.
  std::array<std::uint8_t, 46> frame = {0,    0, 0,   0,  0, 0,  0, 0, 0,  0,  0, 0, 0x08, 0x00,  // Ethernet
                                        0x45, 0, 0,   32, 0, 0,  0, 0, 64, 17, 0, 0, 127,  0,
                                        0,    1, 127, 0,  0, 1,          // IPv4
                                        0,    9, 0,   9,  0, 12, 0, 0};  // UDP
  data.copy(reinterpret_cast<char*>(frame.data() + 42), 4);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETH_P_IP);
  to.sll_ifindex = static_cast<int>(interface_);
  to.sll_halen = ETH_ALEN;
  return error_of(
      ::sendto(socket_.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to)));
}

int packet_send(const std::string& interface, std::string_view data) { return packet_sender(interface).send(data); }

int packet_through(const std::string& from, const std::string& to) {
  const fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  sockaddr_ll end{};
  end.sll_family = AF_PACKET;
  end.sll_protocol = htons(ETH_P_ALL);
  end.sll_ifindex = static_cast<int>(::if_nametoindex(to.c_str()));
  if (end.sll_ifindex == 0) return ENODEV;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&end), sizeof(end)) != 0) return errno;
  if (const int error = packet_send(from); error != 0) return error;
  return wait_for(socket.get(), POLLIN, patience) ? 0 : ETIMEDOUT;
}

int create_socket(family f) { return make_socket(f, SOCK_DGRAM).error(); }

int bind_socket(family f) {
  const fd socket = make_socket(f, SOCK_DGRAM);
  return socket ? bind_loopback(socket.get(), f) : socket.error();
}

int read_sysctl() { return open_and_read("/proc/sys/kernel/ostype"); }
int read_zero() { return open_and_read("/dev/zero"); }
int open_device() { return open_file("/dev/null", O_RDONLY).error(); }

}  // namespace bpflink::test
