// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <string>

#include "bpflink/attach/raw_program.hpp"
#include "helpers.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"

namespace bpflink {

inline expected<void> attach_at(raw_target target, attach_type hook, program_ref program,
                                attach_mode mode = attach_mode::exclusive) {
  return attach_program({.target = target, .hook = hook, .program = program, .mode = mode});
}

inline expected<void> detach_from(raw_target target, attach_type hook, program_ref program) {
  return detach_program({.target = target, .hook = hook, .program = program});
}

}  // namespace bpflink
