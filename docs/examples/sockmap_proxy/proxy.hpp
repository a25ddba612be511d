// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "sockets.hpp"

namespace proxy {

enum class way { copied, spliced };

// What the kernel counts of a process: its calls of read(2) and write(2).
struct calls {
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
};

// A process between a client and a server. It ends with this.
class process {
 public:
  // Takes one connection on `front`, makes one to `back`, and joins them.
  process(way how, const listener& front, std::uint16_t back);
  ~process();
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  // How the connections are held together, once they are; nothing where that failed, and the process has said why.
  [[nodiscard]] std::optional<std::string> wait_until_joined();
  [[nodiscard]] calls counted() const;

 private:
  pid_t child_ = -1;
  bpflink::unique_fd told_;  // a pipe's end: the process tells when it is ready
};

}  // namespace proxy
