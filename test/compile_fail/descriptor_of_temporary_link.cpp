// SPDX-License-Identifier: MIT
// g++: use of deleted function .*typed_link<Kind>::fd\(\) const &&
// clang++: call to deleted member function 'fd'
#include <bpflink/attach/xdp.hpp>

bpflink::xdp_link make();
void use(bpflink::fd_ref);

void f() {
#ifdef VALID
  const bpflink::xdp_link link = make();
  use(link.fd());
#else
  use(make().fd());
#endif
}
