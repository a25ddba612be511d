// SPDX-License-Identifier: MIT
// message: the_ends_of_the_range_are_the_kernels_own
#include <bpflink/attach/netfilter.hpp>
#include <limits>

bpflink::netfilter_priority f() {
#ifdef VALID
  return std::numeric_limits<int>::max() - 1;
#else
  return std::numeric_limits<int>::max();
#endif
}
