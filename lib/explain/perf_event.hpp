// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/fd.hpp"
#include "bpflink/program.hpp"
#include "failure.hpp"

// What stands against a program at a perf event.
namespace bpflink::explain {

[[nodiscard]] std::optional<diagnosis> no_perf_event(fd_ref target) noexcept;
// EINVAL, where it is an event and the program is of a type that some events take.
[[nodiscard]] diagnosis unfit_event_program(kernel::failure failed) noexcept;
// EEXIST.
[[nodiscard]] diagnosis taken_event(program_ref program) noexcept;

}  // namespace bpflink::explain
