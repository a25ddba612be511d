// SPDX-License-Identifier: MIT
// g++: no match for 'operator=' .*xdp_link'.*link_type::cgroup>'
// clang++: no viable overloaded '='
#include <bpflink/attach/cgroup.hpp>
#include <bpflink/attach/xdp.hpp>
#include <utility>

void f(bpflink::xdp_link& xdp, [[maybe_unused]] bpflink::xdp_link& other,
       [[maybe_unused]] bpflink::cgroup_link& cgroup) {
#ifdef VALID
  xdp = std::move(other);
#else
  xdp = std::move(cgroup);
#endif
}
