// SPDX-License-Identifier: MIT
// g++: could not convert '3' from 'int' to 'bpflink::program_ref'
// clang++: no known conversion from 'int' to 'bpflink::program_ref'
#include <bpflink/program.hpp>

void use(bpflink::program_ref);

void f() {
#ifdef VALID
  use(bpflink::fd_ref{3});
#else
  use(3);
#endif
}
