// SPDX-License-Identifier: MIT
// g++: no matching function for call to 'bpflink::socket_attachment<.*>::update\(
// clang++: too many arguments to function call, expected single argument 'next'
#include <bpflink/attach/socket.hpp>

bpflink::expected<void> f(bpflink::socket_filter& filter, bpflink::program_ref next, bpflink::program_ref old) {
#ifdef VALID
  static_cast<void>(old);
  return filter.update(next);
#else
  return filter.update(next, old);
#endif
}
