// SPDX-License-Identifier: MIT
// What the tests of tracepoints share. They run in children with mounts of their own, because tracefs may be mounted
// nowhere, and count a system call that next to nobody makes.
#pragma once

#include <sched.h>

#include <functional>
#include <string>

#include "bpflink/attach/tracepoint.hpp"
#include "child_helpers.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/mount_namespace.hpp"

namespace bpflink {

inline constexpr const char* usual_tracefs = "/sys/kernel/tracing";

/// Runs f in a child where tracefs is at its usual place. failure() is "" if all went well.
inline std::string with_tracefs(const std::function<void()>& f, unsigned seconds = 60) {
  return test::in_mount_namespace(
             [&f] {
               const std::string events = std::string{usual_tracefs} + "/events";
               if (!test::path_exists(events)) test::mount_at("tracefs", usual_tracefs);
               f();
             },
             seconds)
      .failure();
}

/// The tracepoint that the tests count at, and what makes it happen.
inline tracepoint_options at_call(program_ref program) {
  return {.category = "syscalls", .name = "sys_enter_sched_get_priority_max", .program = program};
}
inline void make_call() { expect(::sched_get_priority_max(SCHED_OTHER) >= 0); }

inline test::counted_program load_tracepoint(const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::tracepoint, 0, 0, name);
}

/// Another program at the tracepoint: with the first of these, and with the last, the kernel changes its own code,
/// which takes longer than all the rest. For tests that attach often.
inline perf_event_link keep_counting() { return must(attach(at_call(borrow(load_tracepoint())))); }

/// How often the program ran for one call. Others' calls may come in between, so only 0 is exact.
inline std::uint64_t runs_for_call(const test::counted_program& program) {
  const auto before = program.runs();
  make_call();
  return program.runs() - before;
}

inline mechanism best_tracepoint_mechanism() { return test::at_least(5, 15) ? mechanism::link : mechanism::perf_event; }

/// A program that reads the eight bytes at this offset of the record.
inline test::fd load_reading(int offset) {
  return test::load(
      {.type = test::prog_type::tracepoint,
       .code = test::assembler().load(test::width::u64, test::r0, test::r1, offset).mov(test::r0, 0).exit().done(),
       .name = "reader"});
}

}  // namespace bpflink
