// SPDX-License-Identifier: MIT
// What most kernel tests say. Names from bpflink are the library's; those from bpflink::test are the oracle's, which
// asks the kernel by itself.
#pragma once

#include <string>
#include <vector>

#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/mechanism.hpp"
#include "bpflink/program.hpp"
#include "support/kernel_version.hpp"
#include "support/run_counter.hpp"

namespace bpflink {

/// The error's line; empty where there is none, so that CHECK(sentence(x) == "") tells what went wrong.
template <class T>
std::string sentence(const expected<T>& result) {
  return result ? std::string{} : result.error().message();
}

/// A program of the oracle's, for the length of a call.
inline program_ref borrow(const test::fd& program) { return program_ref{fd_ref{program.get()}}; }
inline program_ref borrow(const test::counted_program& program) { return program_ref{fd_ref{program.get()}}; }

/// A cgroup_skb program that counts and lets pass.
inline test::counted_program load_egress(const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::cgroup_skb, test::attach_type::cgroup_inet_egress, 1, name);
}

/// Its descriptor, for the length of a call.
inline fd_ref ref(const test::counted_program& program) { return fd_ref{program.get()}; }

inline mechanism best_cgroup_mechanism() { return test::at_least(5, 7) ? mechanism::link : mechanism::program_multi; }

}  // namespace bpflink
