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
    write(format, fmt::make_format_args(arguments...));
    return *this;
  }

  [[nodiscard]] std::string_view view() const noexcept { return {characters_.data(), size_}; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  void write(fmt::string_view format, fmt::format_args arguments) noexcept;

  std::array<char, 768> characters_;
  std::size_t size_ = 0;
};

}  // namespace bpflink
