// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "attached.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "failure.hpp"

namespace bpflink::explain {

// What is attached to a cgroup at a hook, and in which mode.
[[nodiscard]] kernel::result<attached_programs> query_cgroup(fd_ref directory, attach_type where) noexcept;

// The descriptor is closed, is no cgroup v2 directory, or that of a cgroup that was removed.
[[nodiscard]] std::optional<diagnosis> unfit_cgroup(fd_ref directory) noexcept;
// The path could not be opened as a directory.
[[nodiscard]] diagnosis unopened_cgroup(kernel::failure failed) noexcept;
// This very program is attached there already.
[[nodiscard]] std::optional<diagnosis> attached_already(fd_ref directory, attach_type where,
                                                        program_ref program) noexcept;
// This cgroup, or one above it, holds a program that allows no other beside it, or below.
[[nodiscard]] std::optional<diagnosis> forbidding_cgroup(fd_ref directory, attach_type where) noexcept;
// A program is attached there, in a kernel that takes one only.
[[nodiscard]] diagnosis sole_program(fd_ref directory, attach_type where) noexcept;
// The capability that this thread lacks for attaching there, whatever the cgroup.
[[nodiscard]] std::optional<diagnosis> missing_attach_capability(attach_type where) noexcept;

}  // namespace bpflink::explain
