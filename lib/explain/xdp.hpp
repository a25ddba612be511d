// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "bpflink/program.hpp"
#include "failure.hpp"
#include "kernel/result.hpp"

// Why an interface refused an XDP program.
namespace bpflink::explain {

// What was asked for: XDP_FLAGS_* modes in `flags`.
struct xdp_place {
  std::uint32_t interface;
  std::uint32_t flags;
};

// "interface 2" with its name, as far as the kernel tells.
[[nodiscard]] text describe_interface(std::uint32_t index) noexcept;

// No interface has this index in the calling thread's network namespace.
[[nodiscard]] std::optional<diagnosis> no_interface(std::uint32_t index) noexcept;
// A program is attached there; by a link or not, where that can be established. In the calling thread's namespace.
[[nodiscard]] std::optional<diagnosis> occupied(xdp_place place) noexcept;
// The program is for the entries of device or CPU maps, or for no device where one is needed.
[[nodiscard]] std::optional<diagnosis> unfit_xdp_program(xdp_place place, program_ref program) noexcept;

// All of these, and what the errno says.
[[nodiscard]] diagnosis xdp(xdp_place place, program_ref program, kernel::failure failed) noexcept;

}  // namespace bpflink::explain
