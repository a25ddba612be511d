// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/detail/attachment.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "kernel/result.hpp"

// Attachments to cgroups and maps by BPF_PROG_ATTACH, for kernels without links. The handle owns the target's and the
// program's descriptor, and takes exactly its own program away again.
namespace bpflink::hooks {

// Beside others, or, on kernels without that, alone. operation::none: somebody's program is there alone already.
[[nodiscard]] kernel::result<detail::attachment> attach_beside_others(fd_ref cgroup, program_ref program,
                                                                      attach_type where) noexcept;

// Before the programs of the cgroups below, beside others (6.15).
[[nodiscard]] kernel::result<detail::attachment> attach_before_others_below(fd_ref cgroup, program_ref program,
                                                                            attach_type where) noexcept;

// As the one program of a hook that holds one: whoever is there goes.
[[nodiscard]] kernel::result<detail::attachment> attach_alone(fd_ref target, program_ref program,
                                                              attach_type where) noexcept;

// Detaches a program where the kernel, in the modes for a single one, would detach whatever is there: asks first.
// ENOENT: another program is attached, or none. Where the kernel can tell but does not, nothing is detached.
[[nodiscard]] kernel::result<void> detach_exactly(int target, int program, attach_type where) noexcept;

}  // namespace bpflink::hooks
