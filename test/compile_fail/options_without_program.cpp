// SPDX-License-Identifier: MIT
// g++: could not convert .* to 'bpflink::program_ref'
// clang++: no matching constructor for initialization of 'bpflink::program_ref'
#include <bpflink/attach/cgroup.hpp>

bpflink::cgroup_options f([[maybe_unused]] bpflink::program_ref program) {
#ifdef VALID
  return bpflink::cgroup_options{.cgroup = "/sys/fs/cgroup", .hook = bpflink::cgroup_hook::device, .program = program};
#else
  return bpflink::cgroup_options{.cgroup = "/sys/fs/cgroup", .hook = bpflink::cgroup_hook::device};
#endif
}
