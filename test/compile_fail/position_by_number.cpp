// SPDX-License-Identifier: MIT
// g++: cannot convert .*anchor
// clang++: no viable conversion from .* to 'bpflink::anchor'
#include <bpflink/position.hpp>

bpflink::position f() {
#ifdef VALID
  return bpflink::position::before(bpflink::link_id{7});
#else
  return bpflink::position::before(7);
#endif
}
