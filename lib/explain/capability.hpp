// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <optional>

#include "failure.hpp"
#include "kernel/capabilities.hpp"

namespace bpflink::explain {

// "CAP_NET_ADMIN is missing", where this thread has neither all of `needed` nor `instead` (CAP_SYS_ADMIN serves for
// most others); nothing where it has them.
[[nodiscard]] std::optional<diagnosis> missing_capability(
    std::initializer_list<kernel::capability> needed,
    kernel::capability instead = kernel::capability::sys_admin) noexcept;

// "CAP_BPF is missing", where bpf(2) as a whole is closed to this thread: before Linux 5.19 the sysctl
// kernel.unprivileged_bpf_disabled closes it to whoever has not got the capability.
[[nodiscard]] std::optional<diagnosis> closed_bpf_call() noexcept;

// The capabilities that this process has are those of a user namespace of its own, which most of bpf(2) does not go by.
[[nodiscard]] std::optional<diagnosis> capability_of_own_user_namespace() noexcept;

}  // namespace bpflink::explain
