// SPDX-License-Identifier: MIT
#pragma once

#include <tl/expected.hpp>

#include "bpflink/operation.hpp"

namespace bpflink::kernel {

// A system call that failed: which, and with what errno. The layers above say what it means.
struct failure {
  operation call;
  int number;
};

template <class T>
using result = tl::expected<T, failure>;

// ENOTSUPP is the kernel's own and in no user header.
inline constexpr int error_notsupp = 524;

}  // namespace bpflink::kernel
