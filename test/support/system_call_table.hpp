// SPDX-License-Identifier: MIT
#pragma once

namespace bpflink::test {

/// A system call's name, and which of its arguments points at bytes: `size` is the argument that says how many, or
/// with none of either a fixed number; without both it is a path. 6 stands for "no argument".
struct call_description {
  long number;
  const char* name;
  unsigned pointer = 6;
  unsigned size = 6;
  unsigned fixed_size = 0;

  [[nodiscard]] constexpr bool is_path() const noexcept { return pointer < 6 && size == 6 && fixed_size == 0; }
};

/// Null for a call that is not in the table.
const call_description* describe(long number) noexcept;

}  // namespace bpflink::test
