// SPDX-License-Identifier: MIT
// g++: no matching function .*typed_link<bpflink::link_type::cgroup>::typed_link\(\)
// clang++: no matching constructor for initialization of 'bpflink::cgroup_link'
#include <bpflink/attach/cgroup.hpp>

void use(bpflink::link_handle&);
void use(bpflink::cgroup_link&);

void f() {
#ifdef VALID
  bpflink::link_handle link;
  use(link);
#else
  bpflink::cgroup_link link;
  use(link);
#endif
}
