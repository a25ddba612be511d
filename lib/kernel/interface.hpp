// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/result.hpp"

namespace bpflink::kernel {

inline constexpr std::size_t longest_interface_name = 15;

// The index of the interface with this name in the calling thread's network namespace.
[[nodiscard]] result<std::uint32_t> interface_index(const char* name) noexcept;
// Whether an interface with this index is in the calling thread's network namespace; false also where nobody can tell.
[[nodiscard]] bool interface_missing(std::uint32_t index) noexcept;

}  // namespace bpflink::kernel
