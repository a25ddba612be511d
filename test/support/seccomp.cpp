// SPDX-License-Identifier: MIT
#include "seccomp.hpp"

#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "fd.hpp"
#include "seccomp_filter.hpp"

namespace bpflink::test {

std::string needs_seccomp() {
  std::uint32_t action = SECCOMP_RET_ERRNO;
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) return {};
  return "needs seccomp filters";
}

void refuse(const std::vector<refusal>& rules) {
  seccomp_filter filter;
  for (const refusal& rule : rules) {
    const std::uint32_t answer = SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(rule.error) & SECCOMP_RET_DATA);
    filter.add(rule, answer);
  }
  filter.install(SECCOMP_RET_ALLOW, 0);
}

void refuse_bpf(std::initializer_list<std::uint32_t> commands, int error) {
  std::vector<refusal> rules;
  for (const std::uint32_t command : commands) rules.push_back({SYS_bpf, error, match::equal, 0, command});
  refuse(rules);
}

void refuse_bpf_larger_than(std::size_t size) {
  refuse({{SYS_bpf, E2BIG, match::greater, 2, static_cast<std::uint32_t>(size)}});
}

void refuse_call(long call, int error) { refuse({{call, error}}); }

void refuse_ioctl(std::uint32_t request, int error) { refuse({{SYS_ioctl, error, match::equal, 1, request}}); }

void refuse_socket(int domain, int error) {
  refuse({{SYS_socket, error, match::equal, 0, static_cast<std::uint32_t>(domain)}});
}

}  // namespace bpflink::test
