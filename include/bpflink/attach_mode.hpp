// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/detail/export.hpp"

namespace bpflink {

/// Who may be attached beside a program at a cgroup's hook. Other hooks have no modes and take `exclusive`, which there
/// says nothing.
enum class attach_mode : std::uint8_t {
  exclusive,  ///< None, here or below; attached over a program of this mode it takes its place. Flags 0.
  override,   ///< None here; cgroups below may have their own, which runs instead. BPF_F_ALLOW_OVERRIDE.
  multi,      ///< Any, here and below; links are of this mode. Since Linux 4.15. BPF_F_ALLOW_MULTI.
};

/// The enumerator's name: "multi".
[[nodiscard]] BPFLINK_API std::string_view to_string(attach_mode mode) noexcept;

}  // namespace bpflink
