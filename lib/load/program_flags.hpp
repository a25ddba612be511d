// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/features.hpp"
#include "bpflink/load.hpp"
#include "kernel/abi.hpp"

namespace bpflink::loading {

// The options that are flags of BPF_PROG_LOAD.
struct flag_row {
  bool program_options::*option;
  kernel::u32 flag;
  kernel_version since;
  std::string_view word;
  std::string_view kernel_name;
};

inline constexpr flag_row flags[] = {
    {&program_options::strict_alignment, 1U << 0U, {4, 12}, "strict alignment", "BPF_F_STRICT_ALIGNMENT"},
    {&program_options::sleepable, 1U << 4U, {5, 10}, "sleeping", "BPF_F_SLEEPABLE"},
    {&program_options::xdp_fragments, 1U << 5U, {5, 18}, "packets of several buffers", "BPF_F_XDP_HAS_FRAGS"},
};

[[nodiscard]] constexpr kernel::u32 program_flags(const program_options& options) noexcept {
  kernel::u32 word = 0;
  for (const auto& row : flags) {
    if (options.*row.option) word |= row.flag;
  }
  return word;
}

}  // namespace bpflink::loading
