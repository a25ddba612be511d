// SPDX-License-Identifier: MIT
// g++: typed_link\(bpflink::link_handle&&\).* is private
// clang++: private constructor of class 'bpflink::typed_link<bpflink::link_type::cgroup>'
#include <bpflink/attach/cgroup.hpp>
#include <utility>

bpflink::expected<bpflink::cgroup_link> f(bpflink::link_handle& link) {
#ifdef VALID
  return bpflink::cgroup_link::adopt(std::move(link).release());
#else
  return bpflink::cgroup_link{std::move(link)};
#endif
}
