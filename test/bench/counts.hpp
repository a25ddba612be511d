// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "side.hpp"

namespace bpflink::bench {

/// What one time of a side's work takes, and its end with it: the same each time, on any machine that runs the same
/// code.
struct counts {
  std::vector<std::string> calls;  // the system calls of the first time, in order
  double calls_each = 0;           // their number on the average of further times
  double instructions = 0;         // in user space, as the processor steps through them
  std::optional<double> allocations;

  /// "bpf(28) close"
  [[nodiscard]] std::string names() const;
};

/// Counts in traced children of this process, and allocations in this one.
counts count(const side& of);

}  // namespace bpflink::bench
