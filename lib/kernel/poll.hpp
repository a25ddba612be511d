// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>

#include "kernel/result.hpp"

namespace bpflink::kernel {

// poll(2) of one descriptor: what came, 0 where the time (in milliseconds, negative for none) passed. EINTR is left to
// the caller. A closed descriptor is EBADF.
[[nodiscard]] result<short> poll(int descriptor, short events, int timeout) noexcept;

}  // namespace bpflink::kernel
