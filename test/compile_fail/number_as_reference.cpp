// SPDX-License-Identifier: MIT
// g++: could not convert '3' from 'int' to 'bpflink::fd_ref'
// clang++: no known conversion from 'int' to 'bpflink::fd_ref'
#include <bpflink/fd.hpp>

void use(bpflink::fd_ref);

void f() {
#ifdef VALID
  use(bpflink::fd_ref{3});
#else
  use(3);
#endif
}
