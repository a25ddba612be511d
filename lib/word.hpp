// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace bpflink {

// The word for an enumerator whose value is its place in the table.
template <std::size_t Size, class Enumeration>
[[nodiscard]] constexpr std::string_view word(const std::array<std::string_view, Size>& words,
                                              Enumeration value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < Size ? words[index] : std::string_view{"unknown"};
}

}  // namespace bpflink
