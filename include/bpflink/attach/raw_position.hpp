// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/position.hpp"
#include "bpflink/program.hpp"

namespace bpflink {

/// Where a program goes that is attached without a link: to a position in the order of the hook, or to the place of a
/// program that goes in the same instant. It is made of either.
class raw_position {
 public:
  /// A place in the order: cgroups (Linux 6.17), tcx (6.6), netkit (6.7).
  raw_position(const position& place) noexcept : place_{place} {}
  /// The place of another program: cgroups (Linux 5.6), tcx and netkit swap the two atomically; where a hook holds one
  /// program only, the kernel is asked for it first.
  raw_position(const position::replacement& place) noexcept : replaced_{place.program()} {}

  /// The place in the order; nothing where a program is replaced.
  [[nodiscard]] const std::optional<position>& order() const noexcept { return place_; }
  /// The program that is replaced; nothing where none is.
  [[nodiscard]] const std::optional<program_ref>& replaced() const noexcept { return replaced_; }

 private:
  std::optional<position> place_;
  std::optional<program_ref> replaced_;
};

}  // namespace bpflink
