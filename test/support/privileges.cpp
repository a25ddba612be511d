// SPDX-License-Identifier: MIT
#include "privileges.hpp"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace bpflink::test {

namespace {

constexpr int cap_net_admin = 12;
constexpr int cap_sys_admin = 21;

unsigned residue_count = 0;

}  // namespace

bool has_capability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  const auto number = static_cast<std::uint32_t>(capability);
  return ((data[number / 32].effective >> (number % 32)) & 1U) != 0;
}

std::string needs_root() {
  // Fixtures mount, unshare and make cgroups: CAP_BPF and its like would not do for these.
  if (!has_capability(cap_sys_admin)) return "needs root: no CAP_SYS_ADMIN";
  if (!has_capability(cap_net_admin)) return "needs root: no CAP_NET_ADMIN";
  return {};
}

void raise_memory_lock() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0) return;
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_MEMLOCK, &limit);
}

void report_residue(const std::string& what) {
  ++residue_count;
  std::fprintf(stderr, "left behind: %s\n", what.c_str());
}

unsigned residues() { return residue_count; }

}  // namespace bpflink::test
