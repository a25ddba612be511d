// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "bpflink/detail/attachment.hpp"
#include "bpflink/program.hpp"
#include "failure.hpp"
#include "kernel/netlink.hpp"

// XDP programs where the kernel has no links for them. The handle holds a socket in the interface's network namespace,
// so that any thread can take the program away again, and the program, so that it takes away no other.
namespace bpflink::hooks {

// `mode` are XDP_FLAGS_*_MODE. Only where nothing is attached.
[[nodiscard]] kernel::netlink_result<detail::attachment> attach_xdp_by_netlink(std::uint32_t interface,
                                                                               program_ref program,
                                                                               std::uint32_t mode) noexcept;

}  // namespace bpflink::hooks
