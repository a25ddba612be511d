// SPDX-License-Identifier: MIT
// g++: use of deleted function 'bpflink::socket_ref::socket_ref\(bpflink::unique_fd&&\)'
// clang++: (uses|conversion function from 'bpflink::unique_fd' to 'bpflink::socket_ref' invokes a|use of) deleted
#include <bpflink/attach/socket.hpp>

bpflink::unique_fd open_socket();
void use(bpflink::socket_ref);

void f() {
#ifdef VALID
  const bpflink::unique_fd socket = open_socket();
  use(socket);
#else
  use(open_socket());
#endif
}
