// SPDX-License-Identifier: MIT
// g++: could not convert '1234' from 'int' to 'bpflink::netns_target'
// clang++: no known conversion from 'int' to 'bpflink::netns_target'
#include <bpflink/attach/netns.hpp>

void use(bpflink::netns_target);

void f() {
#ifdef VALID
  use(bpflink::process_id{1234});
#else
  use(1234);
#endif
}
