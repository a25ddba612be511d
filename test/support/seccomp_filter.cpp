// SPDX-License-Identifier: MIT
#include "seccomp_filter.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>

#include "fd.hpp"

namespace bpflink::test {

namespace {

sock_filter load_word(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}

sock_filter unless(std::uint16_t condition, std::uint32_t value, std::uint8_t skip) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | condition), 0, skip, value};
}

std::size_t low_half(unsigned argument) {
  const std::size_t start = offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t);
  return std::endian::native == std::endian::little ? start : start + sizeof(std::uint32_t);
}

}  // namespace

void seccomp_filter::add(const refusal& rule, std::uint32_t answer) {
  const bool any = rule.when == match::always;
  code_.push_back(load_word(offsetof(seccomp_data, nr)));
  code_.push_back(unless(BPF_JEQ, static_cast<std::uint32_t>(rule.call), any ? 1 : 3));
  if (!any) {
    code_.push_back(load_word(low_half(rule.argument)));
    code_.push_back(unless(rule.when == match::equal ? BPF_JEQ : BPF_JGT, rule.value, 1));
  }
  code_.push_back({BPF_RET | BPF_K, 0, 0, answer});
}

long seccomp_filter::install(std::uint32_t otherwise, unsigned flags) {
  code_.push_back({BPF_RET | BPF_K, 0, 0, otherwise});
  sock_fprog program{static_cast<std::uint16_t>(code_.size()), code_.data()};
  const auto set = [&program, flags] { return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program); };
  long result = set();
  if (result < 0 && errno == EACCES) {  // without CAP_SYS_ADMIN
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    result = set();
  }
  if (result < 0) throw_error(errno, "installing a seccomp filter");
  return result;
}

}  // namespace bpflink::test
