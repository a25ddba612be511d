// SPDX-License-Identifier: MIT
// g++: deleted function .*netns_target\(bpflink::unique_fd&&\)
// clang++: from 'bpflink::unique_fd' to 'bpflink::netns_target' invokes a deleted function
#include <bpflink/attach/netns.hpp>

bpflink::unique_fd open_namespace();
void use(bpflink::netns_target);

void f() {
#ifdef VALID
  const bpflink::unique_fd file = open_namespace();
  use(file);
#else
  use(open_namespace());
#endif
}
