// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>

#include <thread>

#include "network.hpp"

namespace shared {

// Tells when all that was sent over loopback has arrived, or was dropped: what is not there then does not come.
//
// The kernel takes up what a CPU sends over loopback in the order of the sending, for all namespaces, though not always
// before the sending returns. So the calling thread stays on one CPU from here on, and a datagram that it sends last
// arrives when all the others were taken up; that one goes over a namespace of its own, where no program drops it.
class fence {
 public:
  fence() {
    std::thread{[this] {
      if (!enter_own_network()) return;
      receiver_ = open_socket(SOCK_DGRAM);
      sender_ = open_socket(SOCK_DGRAM);
      const auto to = loopback(bind_somewhere(receiver_));
      static_cast<void>(::connect(sender_.get(), generic(to), sizeof to));
    }}.join();
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(static_cast<unsigned>(::sched_getcpu()), &here);
    static_cast<void>(::sched_setaffinity(0, sizeof here, &here));
  }

  // Gives up after a second, should it have no namespace or lose its datagram.
  void wait() const {
    char byte = 0;
    pollfd waiting{receiver_.get(), POLLIN, 0};
    if (::send(sender_.get(), &byte, 1, 0) == 1 && ::poll(&waiting, 1, 1000) == 1) {
      static_cast<void>(::recv(receiver_.get(), &byte, 1, 0));
    }
  }

 private:
  bpflink::unique_fd receiver_;
  bpflink::unique_fd sender_;
};

}  // namespace shared
