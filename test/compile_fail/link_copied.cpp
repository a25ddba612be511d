// SPDX-License-Identifier: MIT
// g++: deleted function .*link_handle\(const bpflink::link_handle&\)
// clang++: deleted constructor of 'const bpflink::link_handle'
#include <bpflink/link.hpp>
#include <utility>

void use(const bpflink::link_handle&);

void f(bpflink::link_handle& link) {
#ifdef VALID
  const bpflink::link_handle second = std::move(link);
  use(second);
#else
  const bpflink::link_handle second = link;
  use(second);
#endif
}
