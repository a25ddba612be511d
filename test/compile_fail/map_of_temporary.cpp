// SPDX-License-Identifier: MIT
// g++: deleted function .*fd_ref\(bpflink::unique_fd&&\)
// clang++: from 'bpflink::unique_fd' to 'bpflink::fd_ref' invokes a deleted function
#include <bpflink/attach/iterator.hpp>

bpflink::unique_fd open_map();
void use(bpflink::iterator_parameters);

void f() {
#ifdef VALID
  const bpflink::unique_fd map = open_map();
  use(bpflink::iterator_parameters::over_map(map));
#else
  use(bpflink::iterator_parameters::over_map(open_map()));
#endif
}
