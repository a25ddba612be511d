// SPDX-License-Identifier: MIT
#pragma once

// Datagrams over this network namespace's loopback interface.
namespace chain {

struct sent {
  int small = 0;
  int large = 0;
};
inline constexpr int most_bytes = 500;  // in small packets
// Sends datagrams of both sizes to a socket of our own, and counts what arrives.
[[nodiscard]] sent exchange(sent wanted);

}  // namespace chain
