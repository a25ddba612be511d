// SPDX-License-Identifier: MIT
#pragma once

#if __cplusplus < 202002L
#error "bpflink needs C++20: set cpp_std=c++20 (or -std=c++20)"
#endif

/// Marks what the shared library exports. The C++11 spelling: GCC takes it on either side of [[nodiscard]].
#define BPFLINK_API [[gnu::visibility("default")]]
