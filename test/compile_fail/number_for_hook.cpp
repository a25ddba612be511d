// SPDX-License-Identifier: MIT
// g++: could not convert '1' from 'int' to 'bpflink::required<bpflink::cgroup_hook>'
// clang++: no viable conversion from 'int' to 'required<bpflink::cgroup_hook>'
#include <bpflink/attach/cgroup.hpp>

bpflink::cgroup_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::cgroup_options{.cgroup = "/sys/fs/cgroup", .hook = bpflink::cgroup_hook{1}, .program = program};
#else
  return bpflink::cgroup_options{.cgroup = "/sys/fs/cgroup", .hook = 1, .program = program};
#endif
}
