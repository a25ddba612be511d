// SPDX-License-Identifier: MIT
#include "kernel/capabilities.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace bpflink::kernel {

std::string_view to_string(capability which) noexcept {
  switch (which) {
    case capability::net_admin:
      return "CAP_NET_ADMIN";
    case capability::sys_ptrace:
      return "CAP_SYS_PTRACE";
    case capability::sys_admin:
      return "CAP_SYS_ADMIN";
    case capability::sys_resource:
      return "CAP_SYS_RESOURCE";
    case capability::perfmon:
      return "CAP_PERFMON";
    case capability::bpf:
      return "CAP_BPF";
  }
  return "a capability";
}

std::optional<capability_set> effective_capabilities() noexcept {
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (::syscall(SYS_capget, &header, data.data()) < 0) return std::nullopt;
  return capability_set{data[0].effective | (std::uint64_t{data[1].effective} << 32U)};
}

}  // namespace bpflink::kernel
