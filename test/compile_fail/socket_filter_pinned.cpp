// SPDX-License-Identifier: MIT
// g++: has no member named 'pin'
// clang++: no member named 'pin'
#include <bpflink/attach/socket.hpp>
#include <utility>

bpflink::expected<void> f(bpflink::socket_filter& filter) {
#ifdef VALID
  return bpflink::link_handle{std::move(filter)}.pin("/sys/fs/bpf/filter");
#else
  return filter.pin("/sys/fs/bpf/filter");
#endif
}
