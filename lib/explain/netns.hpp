// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "failure.hpp"

namespace bpflink::explain {

// The descriptor is closed, or is that of no network namespace.
[[nodiscard]] std::optional<diagnosis> unfit_netns(fd_ref netns) noexcept;
// A program, this one or another, has the place in the namespace.
[[nodiscard]] std::optional<diagnosis> taken_netns(fd_ref netns, attach_type where, program_ref program) noexcept;
// Why the kernel did not attach a program to a network namespace, by a link or without.
[[nodiscard]] diagnosis refused_by_netns(fd_ref netns, attach_type where, program_ref program,
                                         kernel::failure failed) noexcept;

}  // namespace bpflink::explain
