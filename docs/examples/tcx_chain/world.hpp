// SPDX-License-Identifier: MIT
#pragma once

// A network namespace with a loopback interface, and datagrams on it.
namespace chain {

// This process, and those that it starts, go on in a namespace of their own, which ends with the last of them. False,
// with errno, where that is not permitted.
[[nodiscard]] bool enter_own_network();

struct sent {
  int small = 0;
  int large = 0;
};
inline constexpr int most_bytes = 500;  // in small packets
// Sends datagrams of both sizes to a socket of our own, and counts what arrives.
[[nodiscard]] sent exchange(sent wanted);

// SIGINT and SIGTERM end the example at its next step.
void catch_signals();
[[nodiscard]] bool interrupted();

}  // namespace chain
