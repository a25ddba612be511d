// SPDX-License-Identifier: MIT
// message: an.interface.index.is.1.or.more
#include <bpflink/ids.hpp>

bpflink::ifindex f() {
#ifdef VALID
  return bpflink::ifindex{1};
#else
  return bpflink::ifindex{0};
#endif
}
