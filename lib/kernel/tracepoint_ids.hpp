// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "kernel/result.hpp"
#include "kernel/tracefs.hpp"

namespace bpflink::kernel {

struct tracepoint_id {
  std::uint32_t number;
  bool remembered;  // and so perhaps out of date: the tracepoint's module may have gone and come back
};

// A tracepoint's number, read from tracefs once in the life of the process. Any number of threads may ask.
[[nodiscard]] result<tracepoint_id> id_of_tracepoint(tracepoint_name tracepoint) noexcept;
// Reads it anew.
[[nodiscard]] result<tracepoint_id> renewed_id_of_tracepoint(tracepoint_name tracepoint) noexcept;

}  // namespace bpflink::kernel
