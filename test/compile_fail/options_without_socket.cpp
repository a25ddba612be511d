// SPDX-License-Identifier: MIT
// g++: could not convert .* to 'bpflink::socket_ref'
// clang++: no matching constructor for initialization of 'bpflink::socket_ref'
#include <bpflink/attach/socket.hpp>

bpflink::socket_filter_options f(bpflink::fd_ref socket, bpflink::program_ref program) {
#ifdef VALID
  return bpflink::socket_filter_options{.socket = socket, .program = program};
#else
  static_cast<void>(socket);
  return bpflink::socket_filter_options{.program = program};
#endif
}
