// SPDX-License-Identifier: MIT
#include "kernel/perf.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/files.hpp"

namespace bpflink::kernel {

namespace {

constexpr unsigned long flag_close_on_exec = 8;                           // PERF_FLAG_FD_CLOEXEC
constexpr unsigned long ioctl_enable = _IO('$', 0);                       // PERF_EVENT_IOC_ENABLE
constexpr unsigned long ioctl_set_program = _IOW('$', 8, std::uint32_t);  // PERF_EVENT_IOC_SET_BPF

result<void> control(operation call, int event, unsigned long request, int argument) noexcept {
  if (::ioctl(event, request, argument) < 0) return tl::unexpected(failure{call, errno});
  return {};
}

}  // namespace

result<unique_fd> perf_event_open(const perf_event_attr& attr, std::int32_t process, std::int32_t cpu) noexcept {
  constexpr int no_group = -1;
  const long raw = ::syscall(SYS_perf_event_open, &attr, process, cpu, no_group, flag_close_on_exec);
  if (raw < 0) return tl::unexpected(failure{operation::perf_event_open, errno});
  if (raw > last_standard_stream) return unique_fd::adopt(static_cast<int>(raw));
  return above_standard_streams(unique_fd::adopt(static_cast<int>(raw)));
}

result<void> perf_event_set_program(int event, int program) noexcept {
  return control(operation::perf_event_set_program, event, ioctl_set_program, program);
}

result<void> perf_event_enable(int event) noexcept {
  return control(operation::perf_event_enable, event, ioctl_enable, 0);
}

}  // namespace bpflink::kernel
