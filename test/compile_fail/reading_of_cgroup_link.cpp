// SPDX-License-Identifier: MIT
// g++: no matching function .*cgroup>::open\(\) const
// clang++: 'open': constraints not satisfied
#include <bpflink/attach/cgroup.hpp>
#include <bpflink/attach/iterator.hpp>

bpflink::expected<bpflink::iterator_reader> f(const bpflink::cgroup_link& link) {
#ifdef VALID
  return bpflink::iterator_reader::open(link.fd());
#else
  return link.open();
#endif
}
