// SPDX-License-Identifier: MIT
#pragma once

#include <bpflink/bpflink.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "../shared/counter.hpp"
#include "../shared/instructions.hpp"

// The programs of the tour.
namespace tour {

using shared::code;
using shared::counter;

// Counts, then returns the number.
[[nodiscard]] code count_and_return(const counter& counted, std::int32_t number);
// Gives every connection to `port` to the socket in the map, and leaves the others alone.
[[nodiscard]] code steer_port(std::uint16_t port, int socket_map);
// A task iterator that writes each task's process id; nothing where the kernel has no BTF to say where that is.
[[nodiscard]] std::optional<code> write_process_ids();

// A map that holds one socket.
[[nodiscard]] bpflink::unique_fd socket_map(int socket);

[[nodiscard]] bpflink::expected<bpflink::program> load(bpflink::program_type type, const code& instructions,
                                                       std::optional<bpflink::attach_type> attach_type = {},
                                                       bpflink::load_target target = {});

}  // namespace tour
