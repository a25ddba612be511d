// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bpflink::kernel {

// With the kernel's numbers (include/uapi/linux/capability.h).
enum class capability : std::uint8_t {
  net_admin = 12,
  sys_ptrace = 19,
  sys_admin = 21,
  sys_resource = 24,
  perfmon = 38,
  bpf = 39
};

[[nodiscard]] std::string_view to_string(capability which) noexcept;

class capability_set {
 public:
  explicit constexpr capability_set(std::uint64_t bits) noexcept : bits_{bits} {}
  [[nodiscard]] constexpr bool has(capability which) const noexcept {
    return ((bits_ >> static_cast<unsigned>(which)) & 1U) != 0;
  }

 private:
  std::uint64_t bits_;
};

// What the calling thread may do now; nothing where the kernel does not tell.
[[nodiscard]] std::optional<capability_set> effective_capabilities() noexcept;

}  // namespace bpflink::kernel
