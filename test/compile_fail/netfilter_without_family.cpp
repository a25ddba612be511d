// SPDX-License-Identifier: MIT
// g++: could not convert .* to 'bpflink::required<bpflink::netfilter_family>'
// clang++: no matching constructor for initialization of 'required<bpflink::netfilter_family>'
#include <bpflink/attach/netfilter.hpp>

bpflink::netfilter_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::netfilter_options{
      .family = bpflink::netfilter_family::ipv4, .hook = bpflink::netfilter_hook::forward, .program = program};
#else
  return bpflink::netfilter_options{.hook = bpflink::netfilter_hook::forward, .program = program};
#endif
}
