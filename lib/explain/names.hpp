// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "bpflink/bounded_string.hpp"
#include "text.hpp"

namespace bpflink::explain {

// Finds, among names that exist, the few nearest to one that does not. Names are offered one by one, from whatever list
// the kernel keeps them in, and only the best are kept: no heap.
class nearest_names {
 public:
  static constexpr std::size_t longest = 127;

  explicit nearest_names(std::string_view wanted) noexcept;

  void offer(std::string_view name) noexcept;
  // Whether anything was near enough.
  [[nodiscard]] bool found() const noexcept { return count_ != 0; }
  // The best one; empty where nothing was near enough.
  [[nodiscard]] std::string_view best() const noexcept;
  // "near names are a, b and c"; empty where nothing was near enough.
  [[nodiscard]] text hint() const noexcept;

 private:
  struct candidate {
    bounded_string<longest + 1> name;
    std::size_t distance = 0;
  };

  bounded_string<longest + 1> wanted_;
  std::size_t bound_;  // a larger distance is no nearness
  std::array<candidate, 3> best_{};
  std::size_t count_ = 0;
};

// The nearest in a list that is at hand.
template <class Names>
[[nodiscard]] nearest_names nearest(std::string_view wanted, const Names& candidates) noexcept {
  nearest_names found{wanted};
  for (const auto& name : candidates) found.offer(std::string_view{name});
  return found;
}

// How many letters have to be inserted, left out, changed or swapped with their neighbour to make one name of the
// other; bound + 1 where they are more than the bound. Capital letters count as small ones, '-' as '_'.
[[nodiscard]] std::size_t distance(std::string_view left, std::string_view right, std::size_t bound) noexcept;

}  // namespace bpflink::explain
