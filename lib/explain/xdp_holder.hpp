// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "bpflink/ids.hpp"
#include "bpflink/mechanism.hpp"

// Who holds an XDP program.
namespace bpflink::explain {

struct xdp_holder {
  std::optional<mechanism> by;  // a link or netlink; nothing where the kernel does not tell, or not this process
  std::optional<link_id> link;  // nothing where it cannot be told from another one
};

// The program that is attached to an interface of the socket's network namespace in this mode (XDP_FLAGS_*_MODE).
[[nodiscard]] xdp_holder holder_of_xdp(int socket, std::uint32_t interface, std::uint32_t mode,
                                       std::uint32_t program) noexcept;

}  // namespace bpflink::explain
