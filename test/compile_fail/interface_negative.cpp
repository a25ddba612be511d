// SPDX-License-Identifier: MIT
// message: an_interface_index_is_1_or_more
#include <bpflink/ids.hpp>

bpflink::ifindex f() {
#ifdef VALID
  return bpflink::ifindex{1};
#else
  return bpflink::ifindex{-1};
#endif
}
