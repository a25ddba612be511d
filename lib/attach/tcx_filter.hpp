// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/detail/attachment.hpp"
#include "bpflink/program.hpp"
#include "kernel/tc.hpp"

// Direct-action filters of the clsact qdisc, where the kernel has no tcx links. The handle holds a socket in the
// interface's network namespace, so that any thread can take the filter away again, and the program, so that it takes
// away no other. Where it made the qdisc, it takes that away too, once no filter is left in it.
namespace bpflink::hooks {

[[nodiscard]] kernel::netlink_result<detail::attachment> attach_filter(const kernel::filter_place& wanted,
                                                                       program_ref program) noexcept;

}  // namespace bpflink::hooks
