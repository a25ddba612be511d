// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace bpflink {

// A sentence in the making: no heap, and what does not fit is cut off.
class text {
 public:
  text() noexcept = default;
  template <class... Arguments>
  explicit text(fmt::format_string<Arguments...> format, Arguments&&... arguments) noexcept {
    add(format, std::forward<Arguments>(arguments)...);
  }

  template <class... Arguments>
  text& add(fmt::format_string<Arguments...> format, Arguments&&... arguments) noexcept {
    const auto room = characters_.size() - size_;
    const auto wrote =
        fmt::format_to_n(characters_.data() + size_, room, format, std::forward<Arguments>(arguments)...);
    size_ += wrote.size < room ? wrote.size : room;
    return *this;
  }

  [[nodiscard]] std::string_view view() const noexcept { return {characters_.data(), size_}; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  std::array<char, 768> characters_;
  std::size_t size_ = 0;
};

}  // namespace bpflink
