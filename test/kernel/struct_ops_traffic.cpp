// SPDX-License-Identifier: MIT
// A congestion control that comes, is swapped and goes while connections choose it.
#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include "struct_ops_helpers.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"

namespace bpflink {

TEST_CASE("struct_ops: at every moment of an update there is one to choose, and none after the end", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const test::netns_fixture netns;
  const auto name = test::unique_control_name();
  const test::congestion_control one{name};
  const test::congestion_control two{name};
  const auto first = one.filled_map();
  const auto second = two.filled_map();
  const auto of = [](const test::fd& map) { return map_ref{fd_ref{map.get()}}; };
  auto link = attach(struct_ops_options{.map = of(first)});
  REQUIRE(sentence(link) == "");

  std::atomic<bool> stop{false};
  std::atomic<int> served{0};
  std::atomic<int> failure{0};
  std::thread connections([&] {
    netns.run([&] {
      while (!stop && failure == 0) {
        failure = test::send_with(name, 4096);
        ++served;
      }
    });
  });
  std::string failed;
  for (int round = 0; failed.empty() && round < 20; ++round) {
    const auto before = served.load();
    failed = sentence(link->update(of(round % 2 == 0 ? second : first)));
    if (!test::eventually([&] { return served > before || failure != 0; })) failed = "nobody is served";
  }
  stop = true;
  connections.join();
  CHECK(failed == "");
  CHECK(failure == 0);
  CHECK(one.runs() > 0);
  CHECK(two.runs() > 0);
  CHECK(sentence(link->close()) == "");
  netns.run([&] { CHECK(test::send_with(name) == ENOENT); });
}

TEST_CASE("struct_ops: attach and detach while connections come", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const test::netns_fixture netns;
  const auto name = test::unique_control_name();
  const test::congestion_control control{name};
  const auto map = control.filled_map();
  std::atomic<bool> stop{false};
  std::atomic<int> served{0};
  std::atomic<int> without{0};
  std::atomic<int> failure{0};
  std::thread connections([&] {
    netns.run([&] {
      while (!stop && failure == 0) {
        const int error = test::send_with(name, 4096);
        if (error == 0) {
          ++served;
        } else if (error == ENOENT) {
          ++without;
        } else {
          failure = error;
        }
      }
    });
  });
  // The second one from here on began after what was done before.
  const auto comes = [&failure](const std::atomic<int>& what) {
    const auto before = what.load();
    return test::eventually([&] { return what > before + 1 || failure != 0; });
  };
  // The kernel takes tables away from under their links since 6.11.
  const bool detaches = test::at_least(6, 11);
  std::string failed;
  for (int round = 0; failed.empty() && round < 10; ++round) {
    auto link = attach(struct_ops_options{.map = map_ref{fd_ref{map.get()}}});
    failed = sentence(link);
    if (!link) break;
    if (!comes(served)) failed = "nobody is served";
    if (failed.empty()) failed = sentence(detaches && round % 2 == 0 ? link->detach() : link->close());
    if (failed.empty() && !comes(without)) failed = "it is there still";
  }
  stop = true;
  connections.join();
  CHECK(failed == "");
  CHECK(failure == 0);
  CHECK(control.runs() > 0);
}

}  // namespace bpflink
