// SPDX-License-Identifier: MIT
// g++: cannot convert|could not convert
// clang++: no viable conversion from 'bpflink::program_ref' to 'bpflink::map_ref'
#include <bpflink/attach/struct_ops.hpp>

bpflink::struct_ops_options f(bpflink::program_ref program, bpflink::map_ref map) {
#ifdef VALID
  static_cast<void>(program);
  return {.map = map};
#else
  static_cast<void>(map);
  return {.map = program};
#endif
}
