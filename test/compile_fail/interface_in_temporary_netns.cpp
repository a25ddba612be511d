// SPDX-License-Identifier: MIT
// g++: deleted function .*netns_target\(bpflink::unique_fd&&\)
// clang++: from 'bpflink::unique_fd' to 'bpflink::netns_target' invokes a deleted function
#include <bpflink/interface_target.hpp>

bpflink::unique_fd open_namespace();
void use(bpflink::interface_target);

void f() {
#ifdef VALID
  const bpflink::unique_fd file = open_namespace();
  use({bpflink::ifindex{2}, file});
#else
  use({bpflink::ifindex{2}, open_namespace()});
#endif
}
