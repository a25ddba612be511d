// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/netns.hpp"
#include "helpers.hpp"
#include "support/child.hpp"
#include "support/netns_fixture.hpp"
#include "support/raw_bpf.hpp"
#include "support/run_counter.hpp"
#include "support/traffic.hpp"

namespace bpflink {

inline constexpr std::int32_t sk_drop = 0;
inline constexpr std::int32_t sk_pass = 1;

/// Counts, and lets all connections pass or drops them.
inline test::counted_program load_lookup(std::int32_t verdict = sk_pass, const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::sk_lookup, test::attach_type::sk_lookup, verdict, name);
}

/// Counts, and says that it took the packet apart.
inline test::counted_program load_dissector(const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::flow_dissector, test::attach_type::flow_dissector, 0, name);
}

/// A packet through AF_PACKET in the namespace: how often the program ran for it.
inline std::uint64_t dissected(const test::netns_fixture& netns, const test::counted_program& program) {
  const auto before = program.runs();
  netns.run([] { test::expect_equal(test::packet_send(), 0, "sending a packet"); });
  return program.runs() - before;
}

inline std::vector<std::uint32_t> programs_in(const test::netns_fixture& netns, std::uint32_t hook) {
  return test::query(netns.get(), hook).ids;
}

/// Attaches on a thread in the namespace, which on every kernel is the best place for it.
inline expected<netns_link> attach_inside(const test::netns_fixture& netns, const netns_options& options) {
  std::optional<expected<netns_link>> link;
  netns.run([&] { link.emplace(attach(options)); });
  return *std::move(link);
}

}  // namespace bpflink
