// SPDX-License-Identifier: MIT
// Attaching, updating and detaching while traffic runs. The programs count what they see and let it pass, so that what
// one of them missed is known by the sum.
#include "support/traffic.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/netns.hpp"
#include "bpflink/attach/xdp.hpp"
#include "netns_programs.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

/// A hook that every datagram of a pair of sockets comes by once.
struct busy_hook {
  test::udp_pair& sockets;
  std::function<test::counted_program()> load;
  std::function<expected<link_handle>(program_ref)> attach;
};

/// Sends on a thread of its own, a bounded number of datagrams, until it is stopped or destroyed.
class sender {
 public:
  explicit sender(test::udp_pair& sockets) : sockets_{sockets}, thread_{[this] { run(); }} {}
  sender(const sender&) = delete;
  sender& operator=(const sender&) = delete;
  ~sender() { stop(); }

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  /// Waits until so many more were sent.
  [[nodiscard]] bool sends(std::uint64_t more) const {
    const auto enough = sent_ + more;
    return test::eventually([&] { return sent_ >= enough; }, 10);
  }

 private:
  void run() {
    constexpr std::uint64_t most = 2'000'000;
    while (!stopping_ && sent_ < most) {
      if (sockets_.send() != 0) ++failed_;
      ++sent_;
    }
  }

  test::udp_pair& sockets_;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// Before 5.6 a cgroup's program was swapped by having both for a moment.
bool swaps_in_one_step(const link_handle& link) {
  return link.mechanism() != mechanism::program_multi || test::at_least(5, 6);
}

void check_updates(const busy_hook& hook) {
  const auto first = hook.load();
  const auto second = hook.load();
  auto link = hook.attach(borrow(first));
  REQUIRE(sentence(link) == "");

  sender traffic{hook.sockets};
  REQUIRE(traffic.sends(10));
  constexpr int updates = 200;
  for (int update = 0; update < updates; ++update) {
    const auto& next = update % 2 == 0 ? second : first;
    const auto& old = update % 2 == 0 ? first : second;
    REQUIRE(sentence(update % 4 < 2 ? link->update(borrow(next)) : link->update(borrow(next), borrow(old))) == "");
    // Each of them gets something to do.
    if (update % 20 == 0) {
      const auto before = next.runs();
      CHECK(test::eventually([&] { return next.runs() > before; }));
    }
  }
  REQUIRE(traffic.sends(10));
  traffic.stop();
  CHECK(traffic.failed() == 0);

  const auto seen = [&] { return first.runs() + second.runs(); };
  if (swaps_in_one_step(*link)) {
    CHECK(test::eventually([&] { return seen() >= traffic.sent(); }));
    CHECK(seen() == traffic.sent());
  } else {
    CHECK(seen() >= traffic.sent());
  }
  CHECK(first.runs() > 0);
  CHECK(second.runs() > 0);
}

void check_attach_and_detach(const busy_hook& hook) {
  const auto program = hook.load();
  sender traffic{hook.sockets};
  REQUIRE(traffic.sends(10));
  for (int times = 0; times < 10; ++times) {
    auto link = hook.attach(borrow(program));
    REQUIRE(sentence(link) == "");
    const auto before = program.runs();
    CHECK(test::eventually([&] { return program.runs() > before + 2; }));
    const bool detaches = times % 2 == 0 && link->can_detach() && test::at_least(5, 9);
    CHECK(sentence(detaches ? link->detach() : link->close()) == "");
    // What was on its way has passed when more were sent.
    REQUIRE(traffic.sends(3));
    const auto after = program.runs();
    REQUIRE(traffic.sends(50));
    CHECK(program.runs() == after);
  }
  traffic.stop();
  CHECK(traffic.failed() == 0);
}

void check_traffic(const busy_hook& hook) {
  check_updates(hook);
  check_attach_and_detach(hook);
}

}  // namespace

TEST_CASE("traffic: cgroup egress", "[traffic]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  test::netns_fixture().run([&] {
    // A socket stays with the cgroup that it was made in.
    std::optional<test::udp_pair> sockets;
    cgroup.enter([&] { sockets.emplace(); });
    check_traffic({.sockets = *sockets,
                   .load = [] { return load_egress(); },
                   .attach = [&](program_ref program) -> expected<link_handle> {
                     auto link = attach(cgroup_options{
                         .cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = program});
                     if (!link) return tl::unexpected(link.error());
                     return *std::move(link);
                   }});
  });
}

TEST_CASE("traffic: socket lookup", "[traffic]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "socket lookup"));
  test::netns_fixture().run([] {
    test::udp_pair sockets;
    check_traffic({.sockets = sockets,
                   .load = [] { return load_lookup(); },
                   .attach = [](program_ref program) -> expected<link_handle> {
                     auto link = attach(netns_options{.hook = netns_hook::sk_lookup, .program = program});
                     if (!link) return tl::unexpected(link.error());
                     return *std::move(link);
                   }});
  });
}

TEST_CASE("traffic: XDP", "[traffic]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    test::udp_pair sockets;
    check_traffic({.sockets = sockets,
                   .load = [] { return load_xdp(); },
                   .attach = [](program_ref program) -> expected<link_handle> {
                     auto link = attach(
                         xdp_options{.interface = index_of("lo"), .program = program, .mode = xdp_mode::generic});
                     if (!link) return tl::unexpected(link.error());
                     return *std::move(link);
                   }});
  });
}

}  // namespace bpflink
