// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/load.hpp"
#include "failure.hpp"
#include "kernel/result.hpp"
#include "load/call.hpp"
#include "load/target.hpp"

// Why a program was not loaded.
namespace bpflink::loading {

// "load xdp program 'drop'", "load tracing program" "for" "iterator target 'task'".
[[nodiscard]] attempt attempted(const program_options& options) noexcept;

[[nodiscard]] bpf_error explain(const program_options& options, const resolved_target& target, kernel::failure failed,
                                const log& words) noexcept;

}  // namespace bpflink::loading
