// SPDX-License-Identifier: MIT
// What is refused, and what its error owes.
#pragma once

#include <string>

#include "helpers.hpp"
#include "support/catch.hpp"

namespace bpflink {

/// The error; ends the test case where there is none.
template <class T>
bpf_error error_of(const expected<T>& result) {
  REQUIRE_FALSE(result);
  return result.error();
}

/// Checks an error's code, its cause, its errno, which is 0 where no system call was made, and a part of its sentence.
void check_error(const bpf_error& error, errc code, bpflink::cause why, int number, const std::string& words);
/// The same where the errno is not the point.
void check_error(const bpf_error& error, errc code, bpflink::cause why, const std::string& words = {});

template <class T>
void check_refused(const expected<T>& result, errc code, bpflink::cause why, int number, const std::string& words) {
  check_error(error_of(result), code, why, number, words);
}
template <class T>
void check_refused(const expected<T>& result, errc code, bpflink::cause why, const std::string& words = {}) {
  check_error(error_of(result), code, why, words);
}

/// What sentences call a program, by what the kernel knows of it: program 'drop' (id 7).
std::string name_of(const test::fd& program);
inline std::string name_of(const test::counted_program& program) { return name_of(program.program); }

}  // namespace bpflink
