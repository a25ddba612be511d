// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <string>

#include "bpflink/attach/raw_program.hpp"
#include "helpers.hpp"
#include "support/catch.hpp"

namespace bpflink {

inline expected<void> attach_at(raw_target target, attach_type hook, program_ref program,
                                attach_mode mode = attach_mode::exclusive) {
  return attach_program({.target = target, .program = program, .hook = hook, .mode = mode});
}

inline expected<void> detach_from(raw_target target, attach_type hook, program_ref program) {
  return detach_program({.target = target, .program = program, .hook = hook});
}

inline void check_refused(const expected<void>& result, errc code, bpflink::cause why, int number,
                          const std::string& words) {
  INFO(sentence(result));
  REQUIRE_FALSE(result);
  CHECK(result.error().code() == code);
  CHECK(result.error().cause() == why);
  CHECK(result.error().sys_errno() == number);
  CHECK_THAT(result.error().message(), test::contains(words));
}

inline std::string name_of(const test::counted_program& program, const std::string& name) {
  return "program '" + name + "' (id " + std::to_string(test::program_id(program.get())) + ")";
}

}  // namespace bpflink
