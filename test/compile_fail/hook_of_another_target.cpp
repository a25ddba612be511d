// SPDX-License-Identifier: MIT
// g++: could not convert .*netns_hook' to 'bpflink::required<bpflink::cgroup_hook>'
// clang++: no viable conversion from 'bpflink::netns_hook' to 'required<bpflink::cgroup_hook>'
#include <bpflink/attach/cgroup.hpp>
#include <bpflink/attach/netns.hpp>

bpflink::cgroup_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::cgroup_options{.cgroup = "/sys/fs/cgroup", .hook = bpflink::cgroup_hook::device, .program = program};
#else
  return bpflink::cgroup_options{
      .cgroup = "/sys/fs/cgroup", .hook = bpflink::netns_hook::sk_lookup, .program = program};
#endif
}
