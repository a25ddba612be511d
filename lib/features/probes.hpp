// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/features.hpp"
#include "bpflink/kinds.hpp"

namespace bpflink::features {

// Asks the kernel, remembering nothing.
[[nodiscard]] availability ask(feature what) noexcept;

// Whether the kernel loads programs of this type for this attach type; remembers nothing either.
[[nodiscard]] availability loads(program_type type, attach_type where) noexcept;
// Whether BPF_PROG_ATTACH knows this attach type for programs of this type.
[[nodiscard]] availability attaches(program_type type, attach_type where) noexcept;

// Iterators show what they have in the kernel's BTF.
[[nodiscard]] availability iterator_cgroup() noexcept;
[[nodiscard]] availability iterator_task_parameters() noexcept;

}  // namespace bpflink::features
