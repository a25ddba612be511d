// SPDX-License-Identifier: MIT
// Catch2 v2 (Debian 12) or v3, with SKIP for both. Only test files include this: with v2 it takes seconds to compile.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>

namespace bpflink::test {

/// Marks the running test case as skipped, or as failed where BPFLINK_REQUIRE_KERNEL=1 forbids to skip.
void note_skip(const std::string& reason);

/// CHECK_THAT(text, contains("part")) in both versions.
inline auto contains(const std::string& part) {
#if __has_include(<catch2/catch_test_macros.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

}  // namespace bpflink::test

#undef SKIP
/// Ends the test case as skipped. It returns: use it in the test case itself, not in a function or lambda below it.
#define SKIP(reason)                    \
  do {                                  \
    ::bpflink::test::note_skip(reason); \
    return;                             \
  } while (false)

/// Skips where the expression, such as needs_root() or needs_kernel(5, 7, "bpf_link"), gives a reason to.
#define SKIP_IF(reason)                                                   \
  do {                                                                    \
    if (const std::string why_skipped = (reason); !why_skipped.empty()) { \
      ::bpflink::test::note_skip(why_skipped);                            \
      return;                                                             \
    }                                                                     \
  } while (false)
