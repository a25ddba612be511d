// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "failure.hpp"
#include "kernel/tracefs.hpp"

// What tracefs tells of tracepoints, where one could not be found or used.
namespace bpflink::explain {

// The file with a tracepoint's number could not be read: tracefs is nowhere or not for this process, or there is no
// such tracepoint, and then which are near.
[[nodiscard]] diagnosis unread_tracepoint(kernel::tracepoint_name tracepoint, kernel::failure failed) noexcept;

// It is a kprobe or uprobe that was made by writing to tracefs.
[[nodiscard]] bool is_probe(kernel::tracepoint_name tracepoint) noexcept;

// How many bytes a program may read of a tracepoint's record; nothing where tracefs does not tell.
[[nodiscard]] std::optional<std::uint32_t> record_size(kernel::tracepoint_name tracepoint) noexcept;

}  // namespace bpflink::explain
