// SPDX-License-Identifier: MIT
// What kernel tests say in forked children, where Catch is not to be used.
#pragma once

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <initializer_list>
#include <string>

#include "helpers.hpp"
#include "support/child.hpp"

namespace bpflink {

using test::expect;
using test::expect_equal;

/// The value; throws the error's line.
template <class T>
T must(expected<T> result, test::source_place where = test::source_place::here()) {
  expect_equal(sentence(result), "", "error", where);
  return *std::move(result);
}

/// The error; throws where there is none.
template <class T>
bpf_error failure_of(const expected<T>& result, test::source_place where = test::source_place::here()) {
  expect(!result.has_value(), "it should have failed", where);
  return result.error();
}

inline void expect_contains(const std::string& text, const std::string& part,
                            test::source_place where = test::source_place::here()) {
  expect(text.find(part) != std::string::npos, "'" + text + "' lacks '" + part + "'", where);
}

/// The calling thread goes on without these capabilities.
inline void drop_capabilities(std::initializer_list<unsigned> which) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  expect_equal(::syscall(SYS_capget, &header, data.data()), 0, "capget");
  for (const auto capability : which) data[capability / 32].effective &= ~(1U << (capability % 32));
  expect_equal(::syscall(SYS_capset, &header, data.data()), 0, "capset");
}

}  // namespace bpflink
