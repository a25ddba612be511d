// SPDX-License-Identifier: MIT
#include "reception.hpp"

#include <sched.h>

#include <cerrno>
#include <cstddef>
#include <optional>

#include "netns_fixture.hpp"

namespace bpflink::test {

namespace {

// Keeps the calling thread on the CPU that it is on.
class on_one_cpu {
 public:
  on_one_cpu() {
    if (::sched_getaffinity(0, sizeof(before_), &before_) != 0) throw_error(errno, "asking for a thread's CPUs");
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
    if (::sched_setaffinity(0, sizeof(one), &one) != 0) throw_error(errno, "keeping a thread on its CPU");
  }
  on_one_cpu(const on_one_cpu&) = delete;
  on_one_cpu& operator=(const on_one_cpu&) = delete;
  ~on_one_cpu() { ::sched_setaffinity(0, sizeof(before_), &before_); }

 private:
  cpu_set_t before_{};
};

}  // namespace

// These interfaces hand what is sent to the backlog of the CPU that sends (netif_rx), and a CPU has one backlog for all
// namespaces. It takes packets up in the order in which they came, and is done with one before the next: its programs
// have run, and it is in its socket, or dropped. So when a datagram has arrived that was sent last, the rest has been
// taken up, be it at once or later in ksoftirqd. That holds on one CPU, where the thread therefore stays (and none is
// asked to spread packets over others, as RPS would); and the last one goes over an interface of its own, where no
// program can drop it. What is forwarded comes into the backlog anew, behind the last one, and so is waited for by one
// more.
void until_received(const std::function<void()>& f, unsigned interfaces) {
  const netns_fixture elsewhere;
  std::optional<udp_pair> last;
  elsewhere.run([&last] { last.emplace(); });
  const on_one_cpu here;
  f();
  for (; interfaces > 0; --interfaces) {
    if (const int error = last->send(); error != 0) throw_error(error, "sending a datagram");
    if (!last->receive()) throw_error(ETIMEDOUT, "waiting for a datagram");
  }
}

bool lo_passes(family f) {
  udp_pair sockets(f);
  int error = 0;
  until_received([&] { error = sockets.send(); });
  if (error != 0) throw_error(error, "sending a datagram over lo");
  return sockets.receive(0);
}

}  // namespace bpflink::test
