// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "kernel/result.hpp"
#include "kernel/tracefs.hpp"

// The numbers of tracepoints, read from tracefs once in the life of the process. Any number of threads may ask.
namespace bpflink::kernel {

// The number, where it is remembered, and 0 where it is not. It may be out of date: the tracepoint's module may have
// gone and come back.
[[nodiscard]] std::uint32_t remembered_tracepoint_id(const char* category, const char* name) noexcept;

// Where there is room. Not for probes and the like, which people make and delete: their numbers are soon others'.
void remember_tracepoint_id(tracepoint_name tracepoint, std::uint32_t number) noexcept;

// Reads the number, and remembers it.
[[nodiscard]] result<std::uint32_t> learn_tracepoint_id(tracepoint_name tracepoint) noexcept;

}  // namespace bpflink::kernel
