// SPDX-License-Identifier: MIT
// g++: could not convert .* to 'bpflink::interface_target'
// clang++: no matching constructor for initialization of 'bpflink::interface_target'
#include <bpflink/attach/xdp.hpp>

bpflink::xdp_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::xdp_options{.interface = 2, .program = program};
#else
  return bpflink::xdp_options{.program = program};
#endif
}
