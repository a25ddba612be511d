// SPDX-License-Identifier: MIT
// g++: could not convert '3' from 'int' to 'bpflink::unique_fd'
// clang++: no known conversion from 'int' to 'bpflink::unique_fd'
#include <bpflink/fd.hpp>

void use(bpflink::unique_fd);

void f() {
#ifdef VALID
  use(bpflink::unique_fd::adopt(3));
#else
  use(3);
#endif
}
