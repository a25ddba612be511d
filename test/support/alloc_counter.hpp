// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

namespace bpflink::test {

/// How often the calling thread asked for memory while f ran: malloc, calloc, realloc, memalign and their like, so
/// operator new too. Nothing under a sanitizer, which has an allocator of its own.
std::optional<std::size_t> allocations(const std::function<void()>& f);

/// Runs f while the calling thread gets no memory: malloc and its like give null. False, without running f, under a
/// sanitizer. What f itself holds must not need any.
bool without_memory(const std::function<void()>& f);

}  // namespace bpflink::test
