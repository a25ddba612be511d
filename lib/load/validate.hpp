// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/load.hpp"
#include "failure.hpp"

namespace bpflink::loading {

// What is wrong with the options as such, whatever the kernel; makes no system call.
[[nodiscard]] std::optional<diagnosis> wrong_options(const program_options& options) noexcept;

}  // namespace bpflink::loading
