// SPDX-License-Identifier: MIT
#include "kernel_version.hpp"

#include <sys/utsname.h>

#include <cstdio>

namespace bpflink::test {

kernel_version running_kernel() {
  static const kernel_version version = [] {
    kernel_version found;
    utsname names{};
    if (::uname(&names) == 0) std::sscanf(names.release, "%u.%u", &found.release, &found.minor);
    return found;
  }();
  return version;
}

bool at_least(unsigned release, unsigned minor) { return running_kernel() >= kernel_version{release, minor}; }

std::string needs_kernel(unsigned release, unsigned minor, const char* what) {
  if (at_least(release, minor)) return {};
  const auto text = [](kernel_version v) { return std::to_string(v.release) + "." + std::to_string(v.minor); };
  return "needs Linux " + text({release, minor}) + " for " + what + ": this is " + text(running_kernel());
}

}  // namespace bpflink::test
