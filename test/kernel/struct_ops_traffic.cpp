// SPDX-License-Identifier: MIT
// A congestion control that is swapped while connections choose it.
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

}  // namespace bpflink
