// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/detail/attachment.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "kernel/result.hpp"

// Attachments to a network namespace by BPF_PROG_ATTACH, which knows the calling thread's namespace only.
namespace bpflink::hooks {

// `netns` must be the calling thread's own. The handle owns its descriptor, and so finds the attachment again from any
// thread. operation::none and EBUSY: somebody's program, or this one, is attached there already.
[[nodiscard]] kernel::result<detail::attachment> attach_in_own_netns(fd_ref netns, program_ref program,
                                                                     attach_type where) noexcept;

}  // namespace bpflink::hooks
