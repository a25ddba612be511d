// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"
#include "kernel/abi.hpp"
#include "kernel/result.hpp"

// What is attached at a hook (BPF_PROG_QUERY).
namespace bpflink {

struct attached_programs {
  static constexpr std::size_t most = 64;  // the kernel's own limit at every hook that can be asked

  std::array<kernel::u32, most> program_ids{};
  std::array<kernel::u32, most> link_ids{};  // 0 where it is attached without a link, or the hook does not tell
  std::size_t count = 0;
  kernel::u32 flags = 0;     // cgroups: the mode
  kernel::u64 revision = 0;  // 0 where the hook has none

  [[nodiscard]] std::span<const kernel::u32> programs() const noexcept { return {program_ids.data(), count}; }
  [[nodiscard]] bool has(kernel::u32 program) const noexcept;
};

// `target` is a descriptor, or an interface's index; `with_links` where the hook tells them (tcx, netkit).
[[nodiscard]] kernel::result<attached_programs> query_attached(kernel::u32 target, attach_type where,
                                                               bool with_links = false) noexcept;

// The id of a program, by its descriptor. EINVAL of no call where it is no program's.
[[nodiscard]] kernel::result<kernel::u32> ask_id_of_program(int program) noexcept;
[[nodiscard]] std::optional<kernel::u32> id_of_program(int program) noexcept;

}  // namespace bpflink
