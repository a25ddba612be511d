// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace example {

struct transfer {
  std::string chosen;     // setsockopt(TCP_CONGESTION): "ok", or what the kernel said
  std::size_t bytes = 0;  // that arrived
};
// Asks for a congestion control on a new socket, and, where it is there, sends so much over loopback.
[[nodiscard]] transfer send_by(const std::string& control, std::size_t bytes);

}  // namespace example
