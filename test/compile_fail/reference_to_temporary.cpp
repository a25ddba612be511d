// SPDX-License-Identifier: MIT
// g++: deleted function .*fd_ref\(bpflink::unique_fd&&\)
// clang++: from 'bpflink::unique_fd' to 'bpflink::fd_ref' invokes a deleted function
#include <bpflink/fd.hpp>

bpflink::unique_fd make();
void use(bpflink::fd_ref);

void f() {
#ifdef VALID
  const bpflink::unique_fd owner = make();
  use(owner);
#else
  use(make());
#endif
}
