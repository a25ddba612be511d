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

#include "../shared/network.hpp"

namespace tour {

namespace {

using bpflink::unique_fd;
using namespace shared;

bool readable(const unique_fd& socket, int milliseconds) {
  pollfd waiting{socket.get(), POLLIN, 0};
  return ::poll(&waiting, 1, milliseconds) == 1;
}

}  // namespace

datagram send_datagram(const fence& behind) {
  const auto receiver = open_socket(SOCK_DGRAM);
  const auto sender = open_socket(SOCK_DGRAM);
  const auto to = loopback(bind_somewhere(receiver));
  if (::sendto(sender.get(), "x", 1, 0, generic(to), sizeof to) < 0) return datagram::refused;
  behind.wait();
  return readable(receiver, 0) ? datagram::received : datagram::lost;
}

listener::listener() : socket_{open_socket(SOCK_STREAM)}, port_{bind_somewhere(socket_)} { ::listen(socket_.get(), 8); }

bool listener::reached_by_port(std::uint16_t port) const {
  const auto client = open_socket(SOCK_STREAM);
  const auto to = loopback(port);
  if (::connect(client.get(), generic(to), sizeof to) < 0) return false;
  if (!readable(socket_, 1000)) return false;
  return static_cast<bool>(unique_fd::adopt(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

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
