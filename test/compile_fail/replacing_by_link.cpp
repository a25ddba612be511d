// SPDX-License-Identifier: MIT
// g++: could not convert .*replacement
// clang++: no viable conversion from 'position::replacement'|no viable conversion from 'bpflink::position::replacement'
#include <bpflink/attach/cgroup.hpp>

bpflink::cgroup_options f(bpflink::program_ref program, bpflink::program_ref old) {
  static_cast<void>(old);
  return bpflink::cgroup_options{.cgroup = "/sys/fs/cgroup/app",
                                 .hook = bpflink::cgroup_hook::inet_egress,
                                 .program = program,
#ifdef VALID
                                 .position = bpflink::position::before(old)};
#else
                                 .position = bpflink::position::replacing(old)};
#endif
}
