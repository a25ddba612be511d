// SPDX-License-Identifier: MIT
#pragma once

// Numbers that are written down in the source and refused by the compiler where they do not fit. C++ says it by
// `consteval`, but Clang 14 falls over a consteval constructor in an expression with more immediate calls, a formatted
// one for example, and over some in initialisers: there it is said by Clang's own attributes.
//
//     BPFLINK_LITERAL number(int literal) noexcept BPFLINK_LITERAL_IF(literal, literal > 0, "a number is 1 or more")
//
// Where it is consteval, calling what BPFLINK_REFUSED_LITERAL declares, which is no constant expression, ends the
// compilation, and the message has its name.
#if defined(__clang__)
#define BPFLINK_LITERAL constexpr
#define BPFLINK_LITERAL_IF(literal, fits, otherwise)                                                \
  _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wgcc-compat\"")             \
      __attribute__((enable_if(__builtin_constant_p(literal), "this is not a constant expression"), \
                     diagnose_if(!(fits), otherwise, "error"))) _Pragma("clang diagnostic pop")
#define BPFLINK_REFUSED_LITERAL(name) \
  static constexpr void name() noexcept {}
#else
#define BPFLINK_LITERAL consteval
#define BPFLINK_LITERAL_IF(literal, fits, otherwise)
#define BPFLINK_REFUSED_LITERAL(name) static void name();
#endif
