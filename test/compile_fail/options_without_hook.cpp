// SPDX-License-Identifier: MIT
// g++: could not convert .* to 'bpflink::required<bpflink::cgroup_hook>'
// clang++: no matching constructor for initialization of 'required<bpflink::cgroup_hook>'
#include <bpflink/attach/cgroup.hpp>

bpflink::cgroup_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::cgroup_options{.cgroup = "/sys/fs/cgroup", .hook = bpflink::cgroup_hook::device, .program = program};
#else
  return bpflink::cgroup_options{.cgroup = "/sys/fs/cgroup", .program = program};
#endif
}
