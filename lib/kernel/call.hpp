// SPDX-License-Identifier: MIT
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <type_traits>

// The system call itself, for calls that take less time than what the C library puts around them: the processor has
// forgotten where to return to when it comes out of the kernel, so each function that it returns through costs about
// 10 ns, a fiftieth of an update. Also, errno stays as it was.
namespace bpflink::kernel {

template <class Argument>
[[nodiscard]] inline long word_of(Argument argument) noexcept {
  if constexpr (std::is_pointer_v<Argument>) {
    return static_cast<long>(reinterpret_cast<std::uintptr_t>(argument));
  } else {
    return static_cast<long>(argument);
  }
}

// What the kernel answers: a result, or a negative errno.
template <class First>
[[nodiscard]] inline long call(long number, First first) noexcept {
#if defined(__x86_64__) && !defined(__ILP32__)
  long result = number;
  asm volatile("syscall" : "+a"(result) : "D"(word_of(first)) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long result asm("x0") = word_of(first);
  register const long x8 asm("x8") = number;
  asm volatile("svc 0" : "+r"(result) : "r"(x8) : "memory");
  return result;
#else
  const int kept = errno;
  long result = ::syscall(number, word_of(first));
  if (result < 0) result = -errno;
  errno = kept;
  return result;
#endif
}

// The same for calls with up to three arguments.
template <class First, class Second, class Third = long>
[[nodiscard]] inline long call(long number, First first, Second second, Third third = 0) noexcept {
#if defined(__x86_64__) && !defined(__ILP32__)
  long result = number;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(word_of(first)), "S"(word_of(second)), "d"(word_of(third))
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long result asm("x0") = word_of(first);
  register const long x1 asm("x1") = word_of(second);
  register const long x2 asm("x2") = word_of(third);
  register const long x8 asm("x8") = number;
  asm volatile("svc 0" : "+r"(result) : "r"(x1), "r"(x2), "r"(x8) : "memory");
  return result;
#else
  const int kept = errno;
  long result = ::syscall(number, word_of(first), word_of(second), word_of(third));
  if (result < 0) result = -errno;
  errno = kept;
  return result;
#endif
}

// The same for calls with up to six.
template <class First, class Second, class Third, class Fourth, class Fifth, class Sixth = long>
[[nodiscard]] inline long call(long number, First first, Second second, Third third, Fourth fourth, Fifth fifth,
                               Sixth sixth = 0) noexcept {
#if defined(__x86_64__) && !defined(__ILP32__)
  long result = number;
  register const long r10 asm("r10") = word_of(fourth);
  register const long r8 asm("r8") = word_of(fifth);
  register const long r9 asm("r9") = word_of(sixth);
  asm volatile("syscall"
               : "+a"(result)
               : "D"(word_of(first)), "S"(word_of(second)), "d"(word_of(third)), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long result asm("x0") = word_of(first);
  register const long x1 asm("x1") = word_of(second);
  register const long x2 asm("x2") = word_of(third);
  register const long x3 asm("x3") = word_of(fourth);
  register const long x4 asm("x4") = word_of(fifth);
  register const long x5 asm("x5") = word_of(sixth);
  register const long x8 asm("x8") = number;
  asm volatile("svc 0" : "+r"(result) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
  return result;
#else
  const int kept = errno;
  long result = ::syscall(number, word_of(first), word_of(second), word_of(third), word_of(fourth), word_of(fifth),
                          word_of(sixth));
  if (result < 0) result = -errno;
  errno = kept;
  return result;
#endif
}

}  // namespace bpflink::kernel
