// SPDX-License-Identifier: MIT
// g++: cannot convert 'bpflink::map_ref' to 'bpflink::program_ref'|no matching function .*cgroup>::update\(
// clang++: no matching member function for call to 'update'
#include <bpflink/attach/cgroup.hpp>

bpflink::expected<void> f(bpflink::cgroup_link& link, bpflink::program_ref program, bpflink::map_ref map) {
#ifdef VALID
  static_cast<void>(map);
  return link.update(program);
#else
  static_cast<void>(program);
  return link.update(map);
#endif
}
