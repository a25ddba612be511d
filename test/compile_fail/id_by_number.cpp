// SPDX-License-Identifier: MIT
// g++: cannot convert 'int' to 'bpflink::link_id'
// clang++: no viable conversion from 'int' to 'bpflink::link_id'
#include <bpflink/link.hpp>

bool f() {
#ifdef VALID
  return bpflink::link_handle::from_id(bpflink::link_id{17}).has_value();
#else
  return bpflink::link_handle::from_id(17).has_value();
#endif
}
