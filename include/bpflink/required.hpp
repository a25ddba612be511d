// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <type_traits>

namespace bpflink {

/// A member of an options structure that has to be given: without it the structure cannot be made. For enumerations,
/// which otherwise would be zero without a word, and zero is a hook too.
template <class Enumeration>
requires(std::is_enum_v<Enumeration>) class required {
 public:
  /// Holds what is given.
  constexpr required(Enumeration given) noexcept : given_{given} {}
  /// What was given.
  constexpr operator Enumeration() const noexcept { return given_; }
  /// Its number.
  template <std::integral Number>
  constexpr explicit operator Number() const noexcept {
    return static_cast<Number>(given_);
  }

 private:
  Enumeration given_;
};

}  // namespace bpflink
