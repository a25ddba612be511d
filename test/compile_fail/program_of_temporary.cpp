// SPDX-License-Identifier: MIT
// g++: deleted function .*program_ref\(bpflink::program&&\)
// clang++: from 'bpflink::program' to 'bpflink::program_ref' invokes a deleted function
#include <bpflink/program.hpp>

bpflink::program make();
void use(bpflink::program_ref);

void f() {
#ifdef VALID
  const bpflink::program owner = make();
  use(owner);
#else
  use(make());
#endif
}
