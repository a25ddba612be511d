// SPDX-License-Identifier: MIT
// What the tests of device and CPU maps share: pairs of interfaces, programs that redirect, frames that are seen.
#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "bpflink/attach/xdp_map.hpp"
#include "support/loopback.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

inline constexpr std::uint32_t devmap_hash = 25;  // BPF_MAP_TYPE_DEVMAP_HASH

/// A map whose entries have room for a program.
inline test::fd entry_map(std::uint32_t type, std::uint32_t entries = 4) {
  return test::create_map(type, 4, 8, entries);
}

/// An XDP program for a map's entries, which counts.
inline test::counted_program load_entry(std::uint32_t attach_type, std::int32_t action = xdp_pass,
                                        const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::xdp, attach_type, action, name);
}

/// An XDP program that sends every frame to an entry of a map.
inline test::fd load_redirect(const test::fd& map, std::uint32_t key) {
  using namespace test;
  constexpr std::int32_t redirect_map = 51;
  return load({.type = prog_type::xdp,
               .code = assembler()
                           .load_map(r1, map.get())
                           .mov(r2, static_cast<std::int32_t>(key))
                           .mov(r3, 0)
                           .call(redirect_map)
                           .exit()
                           .done()});
}

/// Sees the frames that come out of an interface of the calling thread's namespace.
class frame_watch {
 public:
  explicit frame_watch(const std::string& interface) {
    const auto protocol = htons(ETH_P_ALL);
    const int number = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    socket_ = test::must(test::fd(number < 0 ? -errno : number), "making a packet socket");
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = protocol;
    where.sll_ifindex = static_cast<int>(test::ifindex_of(interface));
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
      test::throw_error(errno, "watching " + interface);
    }
  }

  /// The data of the next of packet_send()'s frames, which begins with '#'; others are passed over. Empty where none
  /// arrives.
  std::string next() {
    std::array<char, 256> bytes{};
    while (test::wait_for(socket_.get(), POLLIN, test::patience)) {
      const auto got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got >= 46 && bytes[42] == '#') return {bytes.data() + 42, 4};
    }
    return {};
  }

 private:
  test::fd socket_;
};

inline device_map_entry to_interface(const test::fd& map, std::uint32_t key, const std::string& interface) {
  return {.map = fd_ref{map.get()}, .key = map_key{key}, .interface = index_of(interface)};
}
inline cpu_map_entry to_cpu(const test::fd& map, std::uint32_t cpu, std::uint32_t queue_size = 64) {
  return {.map = fd_ref{map.get()}, .cpu = cpu_number{cpu}, .queue_size = queue_size};
}

}  // namespace bpflink
