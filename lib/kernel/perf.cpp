// SPDX-License-Identifier: MIT
#include "kernel/perf.hpp"

#include <sys/ioctl.h>

#include <cerrno>

namespace bpflink::kernel {

namespace {

constexpr unsigned long ioctl_enable = _IO('$', 0);                       // PERF_EVENT_IOC_ENABLE
constexpr unsigned long ioctl_set_program = _IOW('$', 8, std::uint32_t);  // PERF_EVENT_IOC_SET_BPF

result<void> control(operation call, int event, unsigned long request, int argument) noexcept {
  if (::ioctl(event, request, argument) < 0) return tl::unexpected(failure{call, errno});
  return {};
}

}  // namespace

result<void> perf_event_set_program(int event, int program) noexcept {
  return control(operation::perf_event_set_program, event, ioctl_set_program, program);
}

result<void> perf_event_enable(int event) noexcept {
  return control(operation::perf_event_enable, event, ioctl_enable, 0);
}

}  // namespace bpflink::kernel
