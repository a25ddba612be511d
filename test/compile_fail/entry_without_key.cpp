// SPDX-License-Identifier: MIT
// g++: could not convert .* to 'bpflink::map_key'
// clang++: no matching constructor for initialization of 'bpflink::map_key'
#include <bpflink/attach/xdp_map.hpp>

bpflink::device_map_entry f(bpflink::map_ref map) {
#ifdef VALID
  return bpflink::device_map_entry{.map = map, .key = bpflink::map_key{0}, .interface = 2};
#else
  return bpflink::device_map_entry{.map = map, .interface = 2};
#endif
}
