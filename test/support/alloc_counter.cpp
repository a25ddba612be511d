// SPDX-License-Identifier: MIT
#include "alloc_counter.hpp"

#include <bit>
#include <cerrno>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BPFLINK_TEST_OTHER_ALLOCATOR 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define BPFLINK_TEST_OTHER_ALLOCATOR 1
#endif
#endif
#if !defined(__GLIBC__)
#define BPFLINK_TEST_OTHER_ALLOCATOR 1
#endif

#ifdef BPFLINK_TEST_OTHER_ALLOCATOR

namespace bpflink::test {

std::optional<std::size_t> allocations(const std::function<void()>& f) {
  f();
  return std::nullopt;
}

bool without_memory(const std::function<void()>&) { return false; }

}  // namespace bpflink::test

#else

namespace {

constinit thread_local std::size_t asked = 0;
constinit thread_local bool refused = false;

// Counts, and says whether there is any.
bool has_memory() noexcept {
  ++asked;
  if (refused) errno = ENOMEM;
  return !refused;
}

}  // namespace

// glibc lets a program put its own malloc in front, and keeps these names for it. Everything comes from glibc's heap
// still, so free() and operator new, which calls malloc, stay what they are.
extern "C" {

void* __libc_malloc(std::size_t size) noexcept;
void* __libc_calloc(std::size_t count, std::size_t size) noexcept;
void* __libc_realloc(void* old, std::size_t size) noexcept;
void* __libc_memalign(std::size_t alignment, std::size_t size) noexcept;

void* malloc(std::size_t size) noexcept {
  if (!has_memory()) return nullptr;
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  if (!has_memory()) return nullptr;
  return __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) noexcept {
  if (!has_memory()) return nullptr;
  return __libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  if (!has_memory()) return nullptr;
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (!has_memory()) return nullptr;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  if (!has_memory()) return ENOMEM;
  if (!std::has_single_bit(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
  *result = __libc_memalign(alignment, size);
  return *result == nullptr ? ENOMEM : 0;
}

}  // extern "C"

namespace bpflink::test {

std::optional<std::size_t> allocations(const std::function<void()>& f) {
  const std::size_t before = asked;
  f();
  return asked - before;
}

bool without_memory(const std::function<void()>& f) {
  refused = true;
  f();
  refused = false;
  return true;
}

}  // namespace bpflink::test

#endif
