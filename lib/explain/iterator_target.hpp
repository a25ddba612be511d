// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpflink/bounded_string.hpp"
#include "bpflink/program.hpp"
#include "kernel/abi.hpp"

// What iterators go over.
namespace bpflink::explain {

// The parameters that an iterator target takes.
enum class iterator_choice : std::uint8_t { none, map, cgroup, task };
// Nothing for targets that are newer than this library.
[[nodiscard]] std::optional<iterator_choice> choice_of(std::string_view target) noexcept;

// The maps that a target goes over, in words; empty where any will do or the target goes over none.
[[nodiscard]] std::string_view maps_of(std::string_view target) noexcept;
[[nodiscard]] bool fits(std::string_view target, kernel::u32 map_type) noexcept;

// What a tracing program attaches to, as BTF tells.
struct traced {
  bool iterator = false;     // an iterator's target, or something else
  bounded_string<128> name;  // without the kernel's prefix
};
// Nothing where the kernel does not tell: before Linux 6.0, and without CAP_SYS_ADMIN but for iterators.
[[nodiscard]] std::optional<traced> target_of(program_ref program) noexcept;

}  // namespace bpflink::explain
