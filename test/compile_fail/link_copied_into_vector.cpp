// SPDX-License-Identifier: MIT
// g++: deleted function .*link_handle\(const bpflink::link_handle&\)
// clang++: no matching function for call to 'construct_at'
#include <bpflink/attach/cgroup.hpp>
#include <utility>
#include <vector>

void f(std::vector<bpflink::link_handle>& links, bpflink::link_handle& link) {
#ifdef VALID
  links.push_back(std::move(link));
#else
  links.push_back(link);
#endif
}
