// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "side.hpp"

namespace bpflink::bench {

/// Times of sides that took turns, in nanoseconds for one time of work: in each round the median of each.
class timing {
 public:
  /// Another round, or several. The same sides in the same order each time; those without work are passed over.
  void race(const std::vector<const side*>& sides, std::size_t rounds);

  /// The median of the rounds; 0 for a side without work.
  [[nodiscard]] double nanoseconds(std::size_t side) const;
  /// To side 0, within each round; of these the median.
  [[nodiscard]] double ratio(std::size_t side) const;

 private:
  std::vector<std::vector<double>> rounds_;
};

/// Whether somebody asked this process to end (SIGINT, SIGTERM, SIGHUP), which timing answers with an exception.
void end_when_asked();

}  // namespace bpflink::bench
