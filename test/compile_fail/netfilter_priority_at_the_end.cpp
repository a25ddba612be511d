// SPDX-License-Identifier: MIT
// message: the.ends.of.the.range.are.the.kernel.?s.own
#include <bpflink/attach/netfilter.hpp>
#include <limits>

bpflink::netfilter_priority f() {
#ifdef VALID
  return std::numeric_limits<int>::max() - 1;
#else
  return std::numeric_limits<int>::max();
#endif
}
