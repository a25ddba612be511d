// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

namespace bpflink {

/// Borrows a string that ends in NUL, as system calls want it: from a literal, a `const char*`, or anything whose
/// c_str() gives one (std::string, std::filesystem::path). The string must outlive the view.
class zstring_view {
 public:
  /// The empty string.
  constexpr zstring_view() noexcept = default;
  /// Borrows a NUL-terminated string; null is the empty string.
  constexpr zstring_view(const char* string) noexcept : string_{string != nullptr ? string : ""} {}
  constexpr zstring_view(std::nullptr_t) = delete;
  /// Borrows from a string class.
  template <class String>
  requires requires(const String& string) {
    { string.c_str() } -> std::same_as<const char*>;
  }
  constexpr zstring_view(const String& string) noexcept : string_{string.c_str()} {}

  /// The NUL-terminated string, never null.
  [[nodiscard]] constexpr const char* c_str() const noexcept { return string_; }
  /// Whether it is the empty string.
  [[nodiscard]] constexpr bool empty() const noexcept { return *string_ == '\0'; }
  /// The same characters as a std::string_view.
  [[nodiscard]] constexpr std::string_view view() const noexcept { return string_; }

 private:
  const char* string_ = "";
};

}  // namespace bpflink
