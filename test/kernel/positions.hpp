// SPDX-License-Identifier: MIT
// Hooks of interfaces that have an order, behind one face: what is right for one has to be for all.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bpflink/attached.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

inline program_id id_of(const test::counted_program& program) { return program_id{test::program_id(program.get())}; }

namespace positions {

/// One hook of an interface in a network namespace of the test's own, which the calling thread is in.
struct at_hook {
  std::string name;  ///< "tcx ingress"
  ifindex interface;
  attach_type where;
  std::function<expected<link_handle>(program_ref, std::optional<position>, std::optional<revision>)> attach_any;
  std::function<expected<attached_programs>()> query;
  std::function<bool()> passes;  ///< Sends a packet; whether it arrives.

  [[nodiscard]] expected<link_handle> attach(program_ref program, std::optional<position> order = {},
                                             std::optional<revision> expected = {}) const {
    return attach_any(program, order, expected);
  }
  [[nodiscard]] link_handle attached(const test::counted_program& program, std::optional<position> order = {}) const;
  /// The programs there, as query() tells them.
  [[nodiscard]] std::vector<program_id> order() const;
  /// What a program of load_digit() found in the mark of a packet.
  [[nodiscard]] std::uint64_t seen_by(const test::counted_program& program) const;
};

inline link_id id_of_link(const link_handle& link) { return link_id{test::info_of_link(link.fd().get()).id()}; }

/// Runs the checks at every such hook that this kernel has. For those that it has not, shows that the library says so.
void on_each_hook(const std::function<void(const at_hook&)>& checks);

}  // namespace positions

}  // namespace bpflink
