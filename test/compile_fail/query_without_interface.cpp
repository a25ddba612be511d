// SPDX-License-Identifier: MIT
// g++: could not convert .* to 'bpflink::interface_target'
// clang++: no matching constructor for initialization of 'bpflink::interface_target'
#include <bpflink/attach/xdp.hpp>

bpflink::xdp_query f() {
#ifdef VALID
  return bpflink::xdp_query{.interface = 2, .holders = true};
#else
  return bpflink::xdp_query{.holders = true};
#endif
}
