// SPDX-License-Identifier: MIT
// g++: deleted function .*cgroup_target\(bpflink::unique_fd&&\)
// clang++: from 'bpflink::unique_fd' to 'bpflink::cgroup_target' invokes a deleted function
#include <bpflink/attach/cgroup.hpp>

bpflink::unique_fd open_directory();
void use(bpflink::cgroup_target);

void f() {
#ifdef VALID
  const bpflink::unique_fd directory = open_directory();
  use(directory);
#else
  use(open_directory());
#endif
}
