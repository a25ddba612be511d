// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpflink/features.hpp"
#include "bpflink/kinds.hpp"
#include "btf/reader.hpp"

// What is known of program types beforehand.
namespace bpflink::loading {

// What loading takes besides CAP_BPF.
enum class privilege : std::uint8_t { none, net_admin, perfmon, both };

struct type_facts {
  program_type type;
  kernel_version since;
  privilege needed;
  bool has_target;          // attaches to a BTF type, which is chosen when it is loaded
  attach_type to_ask_with;  // what a program is loaded for to see whether the kernel has the type
};

// Nothing for types that are newer than this library.
[[nodiscard]] const type_facts* facts_of(program_type type) noexcept;

// Where a program's target is looked for by name.
struct target_rule {
  btf::kind kind;
  std::string_view prefix;  // what the kernel puts before the name
  std::string_view word;    // what such a target is, for sentences
};
// Nothing where it is not known what the names of such targets are.
[[nodiscard]] std::optional<target_rule> rule_for(program_type type, std::optional<attach_type> where) noexcept;

// Whether such programs run by a trampoline in the kernel's own text, which some kernels refuse altogether.
[[nodiscard]] bool by_trampoline(program_type type, std::optional<attach_type> where) noexcept;

}  // namespace bpflink::loading
