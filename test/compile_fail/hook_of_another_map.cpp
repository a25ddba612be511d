// SPDX-License-Identifier: MIT
// g++: could not convert .* to 'bpflink::required<bpflink::sockmap_hook>'
// clang++: no viable conversion from 'bpflink::(netns_hook|attach_type)' to 'required<bpflink::sockmap_hook>'
#include <bpflink/attach/sockmap.hpp>
#include <bpflink/kinds.hpp>

bpflink::sockmap_options f(bpflink::map_ref map, bpflink::program_ref program) {
#ifdef VALID
  return bpflink::sockmap_options{.map = map, .hook = bpflink::sockmap_hook::skb_verdict, .program = program};
#else
  return bpflink::sockmap_options{.map = map, .hook = bpflink::attach_type::cgroup_device, .program = program};
#endif
}
