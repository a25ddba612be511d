// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "bpflink/fd.hpp"
#include "kernel/call.hpp"
#include "kernel/files.hpp"
#include "kernel/result.hpp"

// Perf events: what attaching programs takes of them.
namespace bpflink::kernel {

// struct perf_event_attr as it was at first, which every kernel takes.
struct perf_event_attr {
  std::uint32_t type = 0;
  std::uint32_t size = sizeof(perf_event_attr);
  std::uint64_t config = 0;
  std::uint64_t sample_period = 0;
  std::uint64_t sample_type = 0;
  std::uint64_t read_format = 0;
  std::uint64_t flags = 0;
  std::uint32_t wakeup_events = 0;
  std::uint32_t bp_type = 0;
  std::uint64_t config1 = 0;
};
static_assert(sizeof(perf_event_attr) == 64);

inline constexpr std::uint32_t perf_type_tracepoint = 2;

// Of all processes (every_process) on a CPU, or of one on whichever CPU (every_cpu). Close-on-exec.
inline constexpr std::int32_t every_process = -1;
inline constexpr std::int32_t every_cpu = -1;
[[nodiscard]] inline result<unique_fd> perf_event_open(const perf_event_attr& attr, std::int32_t process,
                                                       std::int32_t cpu) noexcept {
  constexpr int no_group = -1;
  constexpr unsigned long close_on_exec = 8;  // PERF_FLAG_FD_CLOEXEC
  return opened(operation::perf_event_open, call(SYS_perf_event_open, &attr, process, cpu, no_group, close_on_exec));
}

// What kernels have that know no links of perf events.
[[nodiscard]] result<void> perf_event_set_program(int event, int program) noexcept;
[[nodiscard]] result<void> perf_event_enable(int event) noexcept;

}  // namespace bpflink::kernel
