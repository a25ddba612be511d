// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/result.hpp"

namespace bpflink::kernel {

// RLIMIT_MEMLOCK of this process.
struct memory_lock {
  static constexpr std::uint64_t unlimited = ~std::uint64_t{0};
  std::uint64_t bytes = unlimited;    // what counts now
  std::uint64_t highest = unlimited;  // what it may be raised to
};

[[nodiscard]] std::optional<memory_lock> memory_lock_limit() noexcept;
[[nodiscard]] result<void> set_memory_lock_limit(memory_lock limit) noexcept;

}  // namespace bpflink::kernel
