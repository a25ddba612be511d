// SPDX-License-Identifier: MIT
#include "busy_hook.hpp"

#include "support/catch.hpp"
#include "support/fd.hpp"

namespace bpflink {

namespace {

// Before 5.6 a cgroup's program was swapped by having both for a moment.
bool swaps_in_one_step(const link_handle& link) {
  return link.mechanism() != mechanism::program_multi || test::at_least(5, 6);
}

// Links can be detached since 5.9.
bool detaches(const link_handle& link) {
  return link.can_detach() && (link.mechanism() != mechanism::link || test::at_least(5, 9));
}

}  // namespace

void sender::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

bool sender::sends(std::uint64_t more) const {
  const auto enough = sent_ + more;
  return test::eventually([&] { return sent_ >= enough; });
}

void sender::run() {
  constexpr std::uint64_t most = 2'000'000;
  while (!stopping_ && sent_ < most) {
    if (send_() != 0) ++failed_;
    ++sent_;
  }
}

void check_updates(const busy_hook& hook) {
  const auto first = hook.load();
  const auto second = hook.load();
  auto link = hook.attach(borrow(first));
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == hook.by);

  sender traffic{hook.send};
  REQUIRE(traffic.sends(10));
  constexpr int updates = 200;
  for (int update = 0; update < updates; ++update) {
    const auto& next = update % 2 == 0 ? second : first;
    const auto& old = update % 2 == 0 ? first : second;
    const bool compares = hook.compares && update % 4 >= 2;
    REQUIRE(sentence(compares ? link->update(borrow(next), borrow(old)) : link->update(borrow(next))) == "");
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
  sender traffic{hook.send};
  REQUIRE(traffic.sends(10));
  for (int times = 0; times < 10; ++times) {
    auto link = hook.attach(borrow(program));
    REQUIRE(sentence(link) == "");
    CHECK(link->mechanism() == hook.by);
    const auto before = program.runs();
    CHECK(test::eventually([&] { return program.runs() > before + 2; }));
    CHECK(sentence(times % 2 == 0 && detaches(*link) ? link->detach() : link->close()) == "");
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

}  // namespace bpflink
