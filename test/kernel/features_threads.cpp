// SPDX-License-Identifier: MIT
// Probes that are asked by several threads at once.
#include <array>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "bpflink/features.hpp"
#include "bpflink/format.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"

namespace bpflink {

TEST_CASE("features: threads that ask at once get one answer", "[features]") {
  SKIP_IF(test::needs_root());
  // In a process that knows nothing yet.
  CHECK(test::on_old_kernel("probing-threads", [] {}).failure() == "");
}

TEST_CASE("probing threads: all of them learn the same", "[.][probing-threads]") {
  constexpr std::size_t count = 8;
  std::array<std::array<feature_report, feature_count>, count> told{};
  std::latch start{count};
  std::vector<std::thread> threads;
  for (auto& rows : told) {
    threads.emplace_back([&rows, &start] {
      start.arrive_and_wait();
      static_cast<void>(report_features(rows));
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t number = 0; number < feature_count; ++number) {
    INFO(std::string{to_string(told[0][number].what)});
    const auto known = probe(told[0][number].what);
    CHECK((known == availability::yes || known == availability::no));
    for (const auto& rows : told) CHECK(to_string(rows[number].available) == to_string(known));
  }
}

}  // namespace bpflink
