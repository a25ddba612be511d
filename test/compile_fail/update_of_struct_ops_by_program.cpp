// SPDX-License-Identifier: MIT
// g++: no matching function .*struct_ops>::update\(
// clang++: no matching member function for call to 'update'
#include <bpflink/attach/struct_ops.hpp>

bpflink::expected<void> f(bpflink::struct_ops_link& link, bpflink::program_ref program, bpflink::map_ref map) {
#ifdef VALID
  static_cast<void>(program);
  return link.update(map);
#else
  static_cast<void>(map);
  return link.update(program);
#endif
}
