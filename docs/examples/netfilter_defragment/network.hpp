// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// This network namespace's loopback takes packets of so many bytes at most from now on. False where that was refused.
[[nodiscard]] bool limit_loopback(int largest_packet);

// What became of a datagram.
struct passage {
  std::uint64_t fragments = 0;  // how many pieces it was sent in, by the kernel's own count
  std::size_t arrived = 0;      // bytes of it
};
// Sends one over loopback.
[[nodiscard]] passage send_datagram(std::size_t size);
