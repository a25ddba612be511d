// SPDX-License-Identifier: MIT
// g++: could not convert .* to 'bpflink::ifindex'
// clang++: no matching constructor for initialization of 'bpflink::ifindex'
#include <bpflink/attach/xdp.hpp>

bpflink::xdp_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::xdp_options{.interface = 2, .program = program};
#else
  return bpflink::xdp_options{.program = program};
#endif
}
