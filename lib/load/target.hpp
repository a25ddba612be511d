// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "bpflink/fd.hpp"
#include "bpflink/load.hpp"
#include "failure.hpp"
#include "kernel/result.hpp"

// What a program is to attach to, as BPF_PROG_LOAD wants it: a BTF type, and the object that has it.
namespace bpflink::loading {

struct resolved_target {
  std::uint32_t type = 0;
  std::uint32_t object = 0;  // the descriptor of a program or BTF object; 0 for the kernel's own BTF
  unique_fd opened;          // that descriptor, where it was opened for this
};

// Why there is no such target. operation::none: no system call failed.
struct unresolved {
  kernel::failure failed;
  diagnosis why;
};

// Reads BTF where the target is by name; makes no system call where it is by id.
[[nodiscard]] tl::expected<resolved_target, unresolved> resolve(const program_options& options) noexcept;

}  // namespace bpflink::loading
