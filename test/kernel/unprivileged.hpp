// SPDX-License-Identifier: MIT
#pragma once

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "support/child.hpp"

namespace bpflink::test {

inline constexpr int cap_net_admin = 12;
inline constexpr int cap_sys_admin = 21;
inline constexpr int cap_perfmon = 38;
inline constexpr int cap_bpf = 39;

/// Makes this process user nobody with these capabilities and no others. For good: in_child.
inline void become_nobody(const std::vector<int>& capabilities = {}) {
  constexpr unsigned nobody = 65534;
  expect(::prctl(PR_SET_KEEPCAPS, 1) == 0, "keeping capabilities");
  expect(::setresgid(nobody, nobody, nobody) == 0, "becoming group nogroup");
  expect(::setresuid(nobody, nobody, nobody) == 0, "becoming user nobody");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (const int capability : capabilities) {
    const auto bit = std::uint32_t{1} << (static_cast<unsigned>(capability) % 32U);
    data[capability / 32].effective |= bit;
    data[capability / 32].permitted |= bit;
  }
  expect(::syscall(SYS_capset, &header, data) == 0, "setting capabilities");
  // Else /proc/self belongs to root: descriptors could not be looked at.
  expect(::prctl(PR_SET_DUMPABLE, 1) == 0, "becoming dumpable");
}

}  // namespace bpflink::test
