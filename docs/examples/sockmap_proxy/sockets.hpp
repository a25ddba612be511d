// SPDX-License-Identifier: MIT
#pragma once

#include <bpflink/fd.hpp>
#include <cstddef>
#include <cstdint>

// TCP over this network namespace's loopback interface.
namespace proxy {

struct listener {
  bpflink::unique_fd socket;
  std::uint16_t port = 0;
};
[[nodiscard]] listener listen_somewhere();
[[nodiscard]] bpflink::unique_fd accept_one(const listener& from);
[[nodiscard]] bpflink::unique_fd connect_to(std::uint16_t port);

// Sends back whatever comes, until the other side ends.
void echo(const bpflink::unique_fd& socket);

struct exchange {
  std::size_t sent = 0;
  std::size_t received = 0;
  bool same = true;  // what came back is what was sent
};
// Sends a pattern of this many bytes, and receives as many.
[[nodiscard]] exchange exchange_bytes(const bpflink::unique_fd& socket, std::size_t count);

}  // namespace proxy
