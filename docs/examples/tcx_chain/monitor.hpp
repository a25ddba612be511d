// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <bpflink/bpflink.hpp>

#include "programs.hpp"

// The second process.
namespace chain {

// The loopback interface's received packets.
[[nodiscard]] inline bpflink::tcx_query hook() { return {.interface = 1, .hook = bpflink::tcx_hook::ingress}; }

// A process that watches at both sides of the program that is there: what comes in, and what is let through. It knows
// nothing of the first process, and finds its program by asking. It stays until it is let go.
class monitor {
 public:
  monitor(const counter& before, const counter& behind);
  ~monitor();
  monitor(const monitor&) = delete;
  monitor& operator=(const monitor&) = delete;

  // Whether it has attached its programs; it says itself why not.
  [[nodiscard]] bool attached() const { return attached_; }
  [[nodiscard]] pid_t process() const { return process_; }

 private:
  pid_t process_ = -1;
  bpflink::unique_fd line_;
  bool attached_ = false;
};

}  // namespace chain
