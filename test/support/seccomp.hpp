// SPDX-License-Identifier: MIT
// Old kernels on a new one: a filter that answers chosen system calls with an errno. A filter cannot be taken away
// again: use it in_child. It covers the calling thread and the threads and processes that this one starts later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace bpflink::test {

/// For SKIP_IF: empty where filters can be installed.
std::string needs_seccomp();

enum class match : std::uint8_t { always, equal, greater };

/// One system call that is refused. The filter sees the low 32 bits of one argument, not what a pointer points at.
struct refusal {
  long call = 0;  // SYS_bpf, ...
  int error = 0;  // 0 to 4095; with 0 the call is not made and gives 0
  match when = match::always;
  unsigned argument = 0;
  std::uint32_t value = 0;
};

/// Installs a filter with these rules; the first that matches counts. Filters add up.
void refuse(const std::vector<refusal>& rules);

/// bpf(2) with one of these commands; EINVAL is what a kernel says that does not know a command.
void refuse_bpf(std::initializer_list<std::uint32_t> commands, int error = 22);
/// bpf(2) with an attribute of more bytes than this: E2BIG.
void refuse_bpf_larger_than(std::size_t size);
/// A system call altogether.
void refuse_call(long call, int error);
/// ioctl(2) with this request.
void refuse_ioctl(std::uint32_t request, int error);
/// socket(2) of this domain: AF_NETLINK, ...
void refuse_socket(int domain, int error);

}  // namespace bpflink::test
