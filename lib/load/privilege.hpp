// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "failure.hpp"
#include "load/call.hpp"

namespace bpflink::loading {

// Why the kernel does not permit a program, where it does not say a word: a capability, the limit of locked memory, or
// a policy of this kernel's or machine's.
[[nodiscard]] std::optional<diagnosis> not_permitted(const question& asked) noexcept;

}  // namespace bpflink::loading
