// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <string>

namespace bpflink::test {

struct kernel_version {
  unsigned release = 0;  // the 6 of 6.18
  unsigned minor = 0;

  auto operator<=>(const kernel_version&) const = default;
};

/// By uname(2), asked once.
kernel_version running_kernel();

bool at_least(unsigned release, unsigned minor);

/// For SKIP_IF: empty on this kernel or a newer one, else "needs Linux 5.7 for bpf_link: this is 5.4".
std::string needs_kernel(unsigned release, unsigned minor, const char* what);

}  // namespace bpflink::test
