// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace bpflink {

/// A string with room for Capacity - 1 bytes inside itself: names that the kernel bounds need no heap.
template <std::size_t Capacity>
class bounded_string {
 public:
  /// The empty string.
  constexpr bounded_string() noexcept = default;
  /// Copies what fits.
  constexpr explicit bounded_string(std::string_view text) noexcept
      : size_{text.substr(0, Capacity - 1).copy(bytes_.data(), Capacity - 1)} {}

  /// The characters.
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  /// The characters, ending in NUL.
  [[nodiscard]] constexpr const char* c_str() const noexcept { return bytes_.data(); }
  /// Whether there are none.
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  /// By characters.
  [[nodiscard]] friend constexpr bool operator==(const bounded_string& left, std::string_view right) noexcept {
    return left.view() == right;
  }

 private:
  std::array<char, Capacity> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace bpflink
