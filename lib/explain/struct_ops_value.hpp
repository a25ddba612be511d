// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "failure.hpp"
#include "kernel/abi.hpp"

// What the kernel has against a value for a struct_ops map.
namespace bpflink::explain {

// What can be established of a value of this type, by the kernel's BTF: the first of its functions whose program is
// none, or was loaded for something else; a head that is not zero. Nothing where the kernel refused it for another
// reason.
[[nodiscard]] std::optional<diagnosis> unfit_struct_ops_member(std::span<const std::byte> value,
                                                               kernel::u32 type) noexcept;

}  // namespace bpflink::explain
