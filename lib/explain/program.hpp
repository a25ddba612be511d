// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "failure.hpp"

// What is wrong with a program that a hook refused.
namespace bpflink::explain {

// "program 'drop' (id 17)", as far as the kernel tells.
[[nodiscard]] text describe_program(program_ref program) noexcept;
[[nodiscard]] text describe_program(program_id id) noexcept;

// The descriptor is closed, is none of a program, or is that of a program of none of these types; nothing where it is
// right, or where that cannot be established. `which` names it: "program", "expected old program".
[[nodiscard]] std::optional<diagnosis> unfit_program(program_ref program, std::span<const program_type> accepted,
                                                     std::string_view which = "program") noexcept;

// The errno with which the kernel refuses to attach the program to a target that cannot be: EBADF where it has nothing
// against the program, its attach type and the caller. For attach types whose target is a descriptor.
[[nodiscard]] int refusal_without_target(program_ref program, attach_type where) noexcept;

// The program was loaded for another attach type than `wanted`; `alternatives` are tried, to tell which. For attach
// types whose target is a descriptor.
[[nodiscard]] std::optional<diagnosis> unfit_attach_type(program_ref program, attach_type wanted,
                                                         std::span<const attach_type> alternatives) noexcept;

}  // namespace bpflink::explain
