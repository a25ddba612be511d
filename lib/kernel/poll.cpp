// SPDX-License-Identifier: MIT
#include "kernel/poll.hpp"

#include <cerrno>

namespace bpflink::kernel {

result<short> poll(int descriptor, short events, int timeout) noexcept {
  const int kept = errno;
  pollfd one{.fd = descriptor, .events = events, .revents = 0};
  const int ready = ::poll(&one, 1, timeout);
  const int failed = ready < 0 ? errno : (one.revents & POLLNVAL) != 0 ? EBADF : 0;
  errno = kept;
  if (failed != 0) return tl::unexpected(failure{operation::poll, failed});
  return one.revents;
}

}  // namespace bpflink::kernel
