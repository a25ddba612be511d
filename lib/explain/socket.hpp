// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/attach/socket.hpp"
#include "failure.hpp"
#include "kernel/result.hpp"

// Why a socket refused a program.
namespace bpflink::explain {

// The descriptor is closed, or none of a socket.
[[nodiscard]] std::optional<diagnosis> unfit_socket(fd_ref socket) noexcept;
// It was not taken: by an attach or an update.
[[nodiscard]] diagnosis socket_attach(socket_hook hook, fd_ref socket, program_ref program,
                                      kernel::failure failed) noexcept;
// It could not be taken away. operation::none: a classic filter is in its place.
[[nodiscard]] diagnosis socket_detach(socket_hook hook, fd_ref socket, kernel::failure failed) noexcept;

}  // namespace bpflink::explain
