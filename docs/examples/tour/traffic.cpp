// SPDX-License-Identifier: MIT
#include "traffic.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bpflink/fd.hpp>
#include <cerrno>

namespace tour {

namespace {

using bpflink::unique_fd;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

template <class Address>
const sockaddr* generic(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

std::uint16_t bind_somewhere(int socket) {
  const auto anywhere = loopback(0);
  if (::bind(socket, generic(anywhere), sizeof anywhere) < 0) return 0;
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.sin_port);
}

bool readable(int descriptor, int milliseconds) {
  pollfd waiting{descriptor, POLLIN, 0};
  return ::poll(&waiting, 1, milliseconds) == 1;
}

}  // namespace

datagram send_datagram() {
  const auto receiver = unique_fd::adopt(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto sender = unique_fd::adopt(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto to = loopback(bind_somewhere(receiver.get()));
  if (::sendto(sender.get(), "x", 1, 0, generic(to), sizeof to) < 0) return datagram::refused;
  // Loopback delivers before sendto() returns: what is not there now was lost.
  return readable(receiver.get(), 0) ? datagram::received : datagram::lost;
}

listener::listener() : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  port_ = bind_somewhere(descriptor_);
  ::listen(descriptor_, 8);
}

listener::~listener() { ::close(descriptor_); }

bool listener::reached_by_port(std::uint16_t port) const {
  const auto client = unique_fd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto to = loopback(port);
  if (::connect(client.get(), generic(to), sizeof to) < 0) return false;
  if (!readable(descriptor_, 1000)) return false;
  return static_cast<bool>(unique_fd::adopt(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC)));
}

bpflink::unique_fd open_socket() { return unique_fd::adopt(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

bpflink::unique_fd open_directory(const std::string& path) {
  return unique_fd::adopt(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool send_packet() {
  const auto socket = unique_fd::adopt(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP)));
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETH_P_IP);
  to.sll_ifindex = static_cast<int>(::if_nametoindex("lo"));
  to.sll_halen = ETH_ALEN;
  // An Ethernet header, an IPv4 header and eight bytes of UDP: enough to be dissected.
  std::array<unsigned char, 42> frame{};
  frame[12] = 0x08;
  frame[14] = 0x45;
  frame[17] = 28;
  frame[22] = 64;
  frame[23] = IPPROTO_UDP;
  frame[26] = frame[30] = 127;
  frame[29] = frame[33] = 1;
  return ::sendto(socket.get(), frame.data(), frame.size(), 0, generic(to), sizeof to) > 0;
}

}  // namespace tour
