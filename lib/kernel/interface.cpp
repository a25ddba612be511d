// SPDX-License-Identifier: MIT
#include "kernel/interface.hpp"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "bpflink/fd.hpp"

namespace bpflink::kernel {

namespace {

result<std::uint32_t> ask(unsigned long request, ifreq& interface) noexcept {
  const auto socket = unique_fd::adopt(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return tl::unexpected(failure{operation::socket, errno});
  if (::ioctl(socket.get(), request, &interface) < 0) return tl::unexpected(failure{operation::interface_index, errno});
  return static_cast<std::uint32_t>(interface.ifr_ifindex);
}

}  // namespace

result<std::uint32_t> interface_index(const char* name) noexcept {
  ifreq interface {};
  std::strncpy(interface.ifr_name, name, sizeof interface.ifr_name - 1);
  return ask(SIOCGIFINDEX, interface);
}

std::optional<bounded_string<longest_interface_name + 1>> interface_name(std::uint32_t index) noexcept {
  ifreq interface {};
  interface.ifr_ifindex = static_cast<int>(index);
  if (!ask(SIOCGIFNAME, interface)) return std::nullopt;
  return bounded_string<longest_interface_name + 1>{interface.ifr_name};
}

bool interface_missing(std::uint32_t index) noexcept {
  ifreq interface {};
  interface.ifr_ifindex = static_cast<int>(index);
  const auto named = ask(SIOCGIFNAME, interface);
  return !named && named.error().number == ENODEV;
}

}  // namespace bpflink::kernel
