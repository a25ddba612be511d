// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace shared {

inline volatile std::sig_atomic_t signalled = 0;

// Whether SIGINT or SIGTERM came: an example then ends at its next step, and cleans up.
[[nodiscard]] inline bool interrupted() { return signalled != 0; }

// From here on. Without SA_RESTART: whoever waits is woken.
inline void watch_for_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { signalled = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace shared
