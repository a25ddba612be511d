// SPDX-License-Identifier: MIT
#include "kernel/socket.hpp"

#include <sys/syscall.h>

#include <cerrno>

#include "kernel/call.hpp"

namespace bpflink::kernel {

namespace {

long get(int socket, socket_option which, int* value, socklen_t* size) noexcept {
  return call(SYS_getsockopt, socket, SOL_SOCKET, static_cast<int>(which), value, size);
}

}  // namespace

result<void> set_option(int socket, socket_option which, int value) noexcept {
  const long answer = call(SYS_setsockopt, socket, SOL_SOCKET, static_cast<int>(which), &value, sizeof value);
  if (answer < 0) return tl::unexpected(failure{operation::set_socket_option, static_cast<int>(-answer)});
  return {};
}

std::optional<int> number_option(int socket, socket_option which) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  if (get(socket, which, &value, &size) < 0) return std::nullopt;
  return value;
}

result<filter_kind> filter_of(int socket) noexcept {
  // The size of a classic filter, without the filter. Programs cannot be read, and for them the kernel says so.
  socklen_t size = 0;
  const long answer = get(socket, socket_option::filter, nullptr, &size);
  if (answer == -EACCES) return filter_kind::program;
  if (answer < 0) return tl::unexpected(failure{operation::get_socket_option, static_cast<int>(-answer)});
  return size == 0 ? filter_kind::none : filter_kind::classic;
}

}  // namespace bpflink::kernel
