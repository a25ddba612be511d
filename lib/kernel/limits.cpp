// SPDX-License-Identifier: MIT
#include "kernel/limits.hpp"

#include <sys/resource.h>

#include <cerrno>

namespace bpflink::kernel {

static_assert(static_cast<::rlim_t>(memory_lock::unlimited) == RLIM_INFINITY);

std::optional<memory_lock> memory_lock_limit() noexcept {
  struct ::rlimit limit {};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) < 0) return std::nullopt;
  return memory_lock{limit.rlim_cur, limit.rlim_max};
}

result<void> set_memory_lock_limit(memory_lock limit) noexcept {
  const struct ::rlimit wanted { static_cast<::rlim_t>(limit.bytes), static_cast<::rlim_t>(limit.highest) };
  if (::setrlimit(RLIMIT_MEMLOCK, &wanted) < 0) return tl::unexpected(failure{operation::set_limit, errno});
  return {};
}

}  // namespace bpflink::kernel
