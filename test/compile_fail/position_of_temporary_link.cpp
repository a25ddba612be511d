// SPDX-License-Identifier: MIT
// g++: deleted function .*anchor\(const bpflink::typed_link<Kind>&&\)
// clang++: invokes a deleted function
#include <bpflink/attach/cgroup.hpp>
#include <utility>

bpflink::cgroup_link make();

bpflink::position f() {
#ifdef VALID
  const bpflink::cgroup_link link = make();
  return bpflink::position::before(link);
#else
  return bpflink::position::before(make());
#endif
}
