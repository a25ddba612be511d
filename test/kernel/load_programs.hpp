// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "bpflink/load.hpp"
#include "helpers.hpp"
#include "support/instructions.hpp"

namespace bpflink {

inline const test::instructions return_zero = test::return_value(0);

inline program_options simple(program_type type) { return {.type = type, .instructions = return_zero}; }

inline program_options tracing_program(attach_type where, load_target target) {
  return {.type = program_type::tracing,
          .instructions = return_zero,
          .license = "GPL",
          .expected_attach_type = where,
          .target = target};
}

// Code, cause and errno of an error as one text; "" where there is none.
template <class T>
std::string verdict_of(const expected<T>& result) {
  if (result) return {};
  const auto& error = result.error();
  return std::string{to_string(error.code())} + "/" + std::string{to_string(error.cause())} + "/" +
         std::string{errno_name(error.sys_errno())};
}

}  // namespace bpflink
