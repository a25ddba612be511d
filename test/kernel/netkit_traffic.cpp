// SPDX-License-Identifier: MIT
// Links to netkit devices that change while frames go through.
#include <atomic>
#include <string>
#include <thread>

#include "support/catch.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

TEST_CASE("netkit: attach, update and detach while frames go through", "[netkit]") {
  SKIP_IF(test::needs_root());
  // Where there is none that is told, as another test shows.
  if (!has_netkit()) return;
  const test::netns_fixture netns;
  netns.run([] { make_netkit("near", "far"); });
  for (const auto hook : {netkit_hook::primary, netkit_hook::peer}) {
    INFO(to_string(hook));
    const auto one = load_tc(tc_pass, "one");
    const auto two = load_tc(tc_pass, "two");
    std::atomic<bool> stop{false};
    std::atomic<int> lost{0};
    std::thread traffic([&] {
      netns.run([&] {
        const auto* const from = hook == netkit_hook::primary ? "near" : "far";
        while (!stop) {
          if (test::packet_send(from) != 0) ++lost;
        }
      });
    });
    std::string failed;
    netns.run([&] {
      const auto runs = [&](const test::counted_program& program) {
        const auto before = program.runs();
        if (failed.empty() && !test::eventually([&] { return program.runs() > before; })) failed = "it does not run";
      };
      for (int round = 0; failed.empty() && round < 20; ++round) {
        auto link = attach(netkit_options{.interface = index_of("near"), .hook = hook, .program = borrow(one)});
        failed = sentence(link);
        if (!link) break;
        runs(one);
        if (failed.empty()) failed = sentence(link->update(borrow(two), borrow(one)));
        runs(two);
        if (failed.empty()) failed = sentence(link->detach());
      }
    });
    stop = true;
    traffic.join();
    CHECK(failed == "");
    CHECK(lost == 0);
    const auto after = one.runs() + two.runs();
    netns.run([&] { CHECK(test::packet_send(hook == netkit_hook::primary ? "near" : "far") == 0); });
    CHECK(one.runs() + two.runs() == after);
  }
}

}  // namespace bpflink
