// SPDX-License-Identifier: MIT
#include "traffic.hpp"

#include <sys/socket.h>

#include <array>

#include "../shared/fence.hpp"
#include "../shared/network.hpp"

namespace chain {

sent exchange(sent wanted) {
  constexpr std::size_t small_size = 10;
  constexpr std::size_t large_size = 1000;
  const auto sender = shared::open_socket(SOCK_DGRAM);
  const auto receiver = shared::open_socket(SOCK_DGRAM);
  const auto to = shared::loopback(shared::bind_somewhere(receiver));
  const shared::fence behind;

  std::array<char, large_size> bytes{};
  const auto send = [&](std::size_t length) {
    static_cast<void>(::sendto(sender.get(), bytes.data(), length, 0, shared::generic(to), sizeof to));
  };
  for (int count = 0; count < wanted.small; ++count) send(small_size);
  for (int count = 0; count < wanted.large; ++count) send(large_size);
  behind.wait();
  sent arrived;
  for (;;) {
    const auto length = ::recv(receiver.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (length < 0) return arrived;
    ++(length == static_cast<ssize_t>(large_size) ? arrived.large : arrived.small);
  }
}

}  // namespace chain
