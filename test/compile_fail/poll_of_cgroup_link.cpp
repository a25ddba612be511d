// SPDX-License-Identifier: MIT
// g++: no matching function .*cgroup>::detached\(
// clang++: invalid reference to function 'detached': constraints not satisfied
#include <bpflink/attach/cgroup.hpp>
#include <bpflink/attach/struct_ops.hpp>

bpflink::expected<bool> f(const bpflink::cgroup_link& cgroup, const bpflink::struct_ops_link& table) {
#ifdef VALID
  static_cast<void>(cgroup);
  return table.detached();
#else
  static_cast<void>(table);
  return cgroup.detached();
#endif
}
