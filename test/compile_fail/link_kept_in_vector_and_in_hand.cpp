// SPDX-License-Identifier: MIT
// g++: no matching function .*push_back\(bpflink::cgroup_link&\)
// clang++: no matching member function for call to 'push_back'
#include <bpflink/attach/cgroup.hpp>
#include <utility>
#include <vector>

void f(std::vector<bpflink::link_handle>& links, bpflink::cgroup_link& link) {
#ifdef VALID
  links.push_back(std::move(link));
#else
  links.push_back(link);
#endif
}
