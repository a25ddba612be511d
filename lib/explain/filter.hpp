// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/program.hpp"
#include "failure.hpp"
#include "kernel/tc.hpp"

// Why tc refused a filter.
namespace bpflink::explain {

// In the calling thread's network namespace.
[[nodiscard]] diagnosis filter(const kernel::filter_place& wanted, program_ref program,
                               kernel::failure failed) noexcept;

// The program that an update took for the present one.
struct expected_program {
  program_ref program;
  bool asked_for;  // by the caller
};
// In the network namespace of the socket.
[[nodiscard]] diagnosis filter_update(int socket, const kernel::filter_place& where, program_ref next,
                                      const expected_program& expected, kernel::failure failed) noexcept;

}  // namespace bpflink::explain
