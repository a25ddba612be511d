// SPDX-License-Identifier: MIT
#include "reception.hpp"

#include <sched.h>

#include <cerrno>
#include <cstddef>
#include <optional>

#include "netns_fixture.hpp"
#include "traffic.hpp"

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

// A CPU takes up what was sent to its own interfaces in the order of the sending, whatever their namespace: when a
// datagram arrives that was sent last, and that no program sees, the rest has been taken up.
void until_received(const std::function<void()>& f) {
  const netns_fixture elsewhere;
  std::optional<udp_pair> last;
  elsewhere.run([&last] { last.emplace(); });
  const on_one_cpu here;
  f();
  if (const int error = last->send(); error != 0) throw_error(error, "sending a datagram");
  if (!last->receive()) throw_error(ETIMEDOUT, "waiting for a datagram");
}

}  // namespace bpflink::test
