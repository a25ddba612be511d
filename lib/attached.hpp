// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/attached.hpp"
#include "bpflink/kinds.hpp"
#include "kernel/abi.hpp"
#include "kernel/result.hpp"

// What is attached at a hook (BPF_PROG_QUERY).
namespace bpflink {

// A hook to ask about.
struct attached_request {
  // What the kernel tells beside the programs: tcx and netkit their links, cgroups their mode.
  enum class also : std::uint8_t { nothing, links, mode };

  kernel::u32 target;  // a descriptor, or an interface's index in the calling thread's network namespace
  attach_type where;
  also told = also::nothing;
  bool effective = false;  // cgroups: what runs there, those of the cgroups above with it
};

[[nodiscard]] kernel::result<attached_programs> query_attached(const attached_request& asked) noexcept;
// The same into what was just made: what moves takes longer than the kernel does.
[[nodiscard]] kernel::result<void> query_attached(const attached_request& asked, attached_programs& into) noexcept;

// The id of a program, by its descriptor. EINVAL of no call where it is no program's.
[[nodiscard]] kernel::result<program_id> ask_id_of_program(int program) noexcept;
[[nodiscard]] std::optional<program_id> id_of_program(int program) noexcept;

}  // namespace bpflink
