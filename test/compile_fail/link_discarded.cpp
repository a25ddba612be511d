// SPDX-License-Identifier: MIT
// g++: ignoring return value of .*attach\(.*'nodiscard'
// clang++: ignoring return value .*'nodiscard'
#include <bpflink/attach/cgroup.hpp>

bool f(const bpflink::cgroup_options& options) {
#ifdef VALID
  return attach(options).has_value();
#else
  attach(options);
  return true;
#endif
}
