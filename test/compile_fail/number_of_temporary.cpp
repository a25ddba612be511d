// SPDX-License-Identifier: MIT
// g++: deleted function 'int bpflink::unique_fd::get\(\) const &&'
// clang++: call to deleted member function 'get'
#include <bpflink/fd.hpp>

bpflink::unique_fd make();
void use(int);

void f() {
#ifdef VALID
  const bpflink::unique_fd owner = make();
  use(owner.get());
#else
  use(make().get());
#endif
}
