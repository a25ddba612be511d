// SPDX-License-Identifier: MIT
// g++: no matching function .*iterator>::detach\(\)
// clang++: 'detach': constraints not satisfied
#include <bpflink/attach/iterator.hpp>

bpflink::expected<void> f(bpflink::iterator_link& link) {
#ifdef VALID
  return link.close();
#else
  return link.detach();
#endif
}
