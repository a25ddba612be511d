// SPDX-License-Identifier: MIT
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "seccomp.hpp"

namespace bpflink::test {

/// A classic BPF program over struct seccomp_data. It takes for granted that the process makes native calls only.
class seccomp_filter {
 public:
  /// The answer (SECCOMP_RET_...) to the calls that the rule describes; its errno is not looked at.
  void add(const refusal& rule, std::uint32_t answer);
  /// Installs it, with an answer to all other calls, and returns what seccomp(2) does.
  long install(std::uint32_t otherwise, unsigned flags);

 private:
  std::vector<sock_filter> code_;
};

}  // namespace bpflink::test
