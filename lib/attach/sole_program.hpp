// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "attachment.hpp"
#include "bpflink/kinds.hpp"
#include "kernel/result.hpp"

// Hooks that take one program and no link: an attach throws out whoever is there, and a detach takes whoever it is.
namespace bpflink::hooks {

// Who is there; program 0 for nobody. Nothing: this kernel does not tell.
[[nodiscard]] kernel::result<std::optional<program_id>> sole_program(int target, attach_type where) noexcept;

// Why an update may not go ahead: another program is there than the expected one, which is the handle's own where none
// is named, or none is. Kernels that do not tell are believed to have the handle's own.
[[nodiscard]] std::optional<bpf_error> not_the_sole_one(const detail::attachment& held, program_ref next,
                                                        const program_ref* expected_old) noexcept;

// The same among others, where the kernel swaps the handle's own and no other.
[[nodiscard]] std::optional<bpf_error> not_our_own(const detail::attachment& held, program_ref next,
                                                   program_ref expected_old) noexcept;

}  // namespace bpflink::hooks
