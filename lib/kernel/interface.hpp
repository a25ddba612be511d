// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "bpflink/bounded_string.hpp"
#include "kernel/result.hpp"

namespace bpflink::kernel {

inline constexpr std::size_t longest_interface_name = 15;

// The index of the interface with this name in the calling thread's network namespace.
[[nodiscard]] result<std::uint32_t> interface_index(const char* name) noexcept;
// Its name there; nothing where there is none, or nobody can tell.
[[nodiscard]] std::optional<bounded_string<longest_interface_name + 1>> interface_name(std::uint32_t index) noexcept;
// Whether an interface with this index is in the calling thread's network namespace; false also where nobody can tell.
[[nodiscard]] bool interface_missing(std::uint32_t index) noexcept;

}  // namespace bpflink::kernel
