// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/detail/attachment.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "kernel/result.hpp"

// Attachments by BPF_PROG_ATTACH, where the kernel has no link for a hook. The handle owns the target's and the
// program's descriptor, and takes exactly its own program away again.
namespace bpflink::hooks {

// Beside others, or, on kernels without that, alone. operation::none: somebody's program is there alone already.
[[nodiscard]] kernel::result<detail::attachment> attach_beside_others(fd_ref target, program_ref program,
                                                                      attach_type where) noexcept;
// Without flags, in the calling thread's network namespace: what flow dissectors have before their links.
[[nodiscard]] kernel::result<detail::attachment> attach_to_this_netns(program_ref program, attach_type where) noexcept;

// Detaches a program where the kernel, in the modes for a single one, would detach whatever is there: asks first.
// operation::none and ENOENT: another program is attached, or none.
[[nodiscard]] kernel::result<void> detach_exactly(int target, int program, attach_type where) noexcept;

}  // namespace bpflink::hooks
