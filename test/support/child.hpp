// SPDX-License-Identifier: MIT
// Forked children: for what cannot be undone in the process (seccomp, namespaces, closed descriptors) or may end it.
// Catch is not to be used in a child, so this has assertions of its own, which also work in the parent.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace bpflink::test {

struct child_result {
  int exit_status = -1;  // -1: ended by a signal
  int signal = 0;
  bool timed_out = false;  // then signal is SIGALRM
  std::string output;      // the failure, if any, and all that it wrote to stdout and stderr

  /// The function returned normally: REQUIRE(in_child(f)) after INFO(output).
  explicit operator bool() const { return exit_status == 0; }
  /// "" if the function returned normally, else one text with everything: CHECK(in_child(f).failure() == "").
  [[nodiscard]] std::string failure() const;
};

/// Whether BPFLINK_SLOW=1 says that this machine is emulated and takes many times as long: then time limits are longer,
/// and of what is alike less is tried.
bool is_slow();

/// Runs f in a forked child and waits for it. The child ends with 0 when f returns, with 1 when it throws, and by
/// SIGALRM when it takes longer than `seconds`. It ends with its parent and runs no destructors or atexit functions
/// of the parent's.
child_result in_child(const std::function<void()>& f, unsigned seconds = 60);

/// std::source_location, which clang 14 has not got.
struct source_place {
  const char* file;
  unsigned line;
  static constexpr source_place here(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
    return {file, line};
  }
};

/// Throws, with file and line, unless the condition holds.
void expect(bool condition, std::string_view what = "condition does not hold",
            source_place where = source_place::here());

/// Throws, with both values, unless they are equal.
void expect_equal(std::int64_t actual, std::int64_t expected, std::string_view what = "value",
                  source_place where = source_place::here());
void expect_equal(const std::string& actual, const std::string& expected, std::string_view what = "text",
                  source_place where = source_place::here());

}  // namespace bpflink::test
