// SPDX-License-Identifier: MIT
#include "netfilter_helpers.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include "support/instructions.hpp"
#include "support/loopback.hpp"
#include "support/raw_bpf.hpp"
#include "support/reception.hpp"
#include "support/rtnetlink.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

// Adds r8 to the number at an index of the map.
void add_to(test::assembler& code, int map, std::int32_t index) {
  using namespace test;
  code.store(width::u32, r10, -4, index).mov(r2, r10).add(r2, -4).load_map(r1, map).call(helper::map_lookup_elem);
  code.jump_if(jump::equal, r0, 0, "out").atomic_add(width::u64, r0, 0, r8);
}

// The program's context: nf_hook_state, sk_buff.
test::instructions measure(int counters) {
  using namespace test;
  const auto length = static_cast<int>(vmlinux_btf::get().find_member("sk_buff", "len")->offset());
  assembler code;
  code.load(width::u64, r6, r1, 8).load(width::u32, r7, r6, length);
  code.mov(r8, 1);
  add_to(code, counters, 0);
  code.mov(r8, r7);
  add_to(code, counters, 1);
  return code.label("out").mov(r0, netfilter_accept).exit().done();
}

template <class Request>
void ask(int domain, unsigned long what, Request& request, const char* doing) {
  const test::fd socket(::socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::ioctl(socket.get(), what, &request) != 0) test::throw_error(errno, doing);
}

ifreq request_for(const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

// 10.0.X.1/24 and fd00:X::1/64.
void give_addresses(const std::string& interface, std::uint8_t network) {
  test::write_file("/proc/sys/net/ipv6/conf/" + interface + "/accept_dad", "0");
  test::write_file("/proc/sys/net/ipv6/conf/" + interface + "/disable_ipv6", "0");
  auto request = request_for(interface);
  const auto put = [&](unsigned long what, const std::string& address) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    ::inet_pton(AF_INET, address.c_str(), &in.sin_addr);
    std::memcpy(&request.ifr_addr, &in, sizeof in);
    ask(AF_INET, what, request, "giving an address");
  };
  put(SIOCSIFADDR, "10.0." + std::to_string(network) + ".1");
  put(SIOCSIFNETMASK, "255.255.255.0");

  struct {
    in6_addr address;
    std::uint32_t prefix = 64;
    int interface;
  } six{};
  six.interface = static_cast<int>(test::ifindex_of(interface));
  six.address.s6_addr[0] = 0xfd;
  six.address.s6_addr[3] = network;
  six.address.s6_addr[15] = 1;
  ask(AF_INET6, SIOCSIFADDR, six, "giving an IPv6 address");
}

std::array<std::uint8_t, 6> hardware_address(const std::string& interface) {
  auto request = request_for(interface);
  ask(AF_INET, SIOCGIFHWADDR, request, "asking for an interface's address");
  std::array<std::uint8_t, 6> address{};
  std::memcpy(address.data(), request.ifr_hwaddr.sa_data, address.size());
  return address;
}

test::fd packet_socket(const std::string& interface, std::uint16_t protocol) {
  test::fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll at{};
  at.sll_family = AF_PACKET;
  at.sll_protocol = htons(protocol);
  at.sll_ifindex = static_cast<int>(test::ifindex_of(interface));
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    test::throw_error(errno, "making a packet socket");
  }
  return socket;
}

constexpr std::array<std::uint8_t, 8> udp = {0, 9, 0, 9, 0, 8, 0, 0};

std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) sum += (bytes[at] * 256U) + bytes[at + 1];
  sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~(sum + (sum >> 16U)));
}

// From 10.0.1.2 to 10.0.2.2.
std::vector<std::uint8_t> ipv4_packet() {
  std::vector<std::uint8_t> bytes = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 1, 2, 10, 0, 2, 2};
  const auto sum = checksum(bytes);
  bytes[10] = static_cast<std::uint8_t>(sum >> 8U);
  bytes[11] = static_cast<std::uint8_t>(sum & 0xffU);
  bytes.insert(bytes.end(), udp.begin(), udp.end());
  return bytes;
}

// From fd00:1::2 to fd00:2::2.
std::vector<std::uint8_t> ipv6_packet() {
  std::vector<std::uint8_t> bytes(40);
  bytes[0] = 0x60;
  bytes[5] = udp.size();
  bytes[6] = IPPROTO_UDP;
  bytes[7] = 64;
  for (const std::size_t at : {8U, 24U}) {
    bytes[at] = 0xfd;
    bytes[at + 3] = at == 8 ? 1 : 2;
    bytes[at + 15] = 2;
  }
  bytes.insert(bytes.end(), udp.begin(), udp.end());
  return bytes;
}

}  // namespace

measuring_program::measuring_program() : counters{test::counter_map(2)} {
  program = test::load({.type = test::prog_type::netfilter,
                        .code = measure(counters.get()),
                        .expected_attach_type = test::attach_type::netfilter,
                        .name = "measure"});
}

void limit_loopback(int bytes) {
  auto request = request_for("lo");
  request.ifr_mtu = bytes;
  ask(AF_INET, SIOCSIFMTU, request, "setting the size of packets");
}

std::size_t exchange(test::family family, std::size_t size) {
  const auto sender = test::must(test::make_socket(family, SOCK_DGRAM), "making a UDP socket");
  const auto receiver = test::must(test::make_socket(family, SOCK_DGRAM), "making a UDP socket");
  if (const int error = test::bind_loopback(receiver.get(), family); error != 0) test::throw_error(error, "binding");
  const test::loopback to(family, test::own_port(receiver.get()));
  std::vector<char> bytes(size, 'x');
  if (::sendto(sender.get(), bytes.data(), bytes.size(), 0, to.get(), to.size()) < 0) return 0;
  if (!test::wait_for(receiver.get(), POLLIN, 2)) return 0;
  const auto got = ::recv(receiver.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

forwarded_packets::forwarded_packets() {
  test::create_veth("in", "source");
  test::create_veth("out", "sink");
  give_addresses("in", 1);
  give_addresses("out", 2);
  test::write_file("/proc/sys/net/ipv4/ip_forward", "1");
  test::write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  in_ = packet_socket("source", 0);
  out_ = packet_socket("sink", ETH_P_ARP);
}

bool forwarded_packets::pass(test::family family) const {
  const bool ipv4 = family == test::family::ipv4;
  std::vector<std::uint8_t> frame(14);
  const auto to = hardware_address("in");
  std::copy(to.begin(), to.end(), frame.begin());
  frame[12] = ipv4 ? 0x08 : 0x86;
  frame[13] = ipv4 ? 0x00 : 0xdd;
  const auto packet = ipv4 ? ipv4_packet() : ipv6_packet();
  frame.insert(frame.end(), packet.begin(), packet.end());
  constexpr unsigned interfaces = 2;
  test::until_received(
      [&] {
        if (::send(in_.get(), frame.data(), frame.size(), 0) < 0) test::throw_error(errno, "sending a packet");
      },
      interfaces);
  return test::wait_for(out_.get(), POLLIN, 0);
}

}  // namespace bpflink
