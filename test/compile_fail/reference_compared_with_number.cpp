// SPDX-License-Identifier: MIT
// g++: deleted function 'bpflink::fd_ref::operator int\(\) const'
// clang++: attempt to use a deleted function
#include <bpflink/fd.hpp>

bool f(bpflink::fd_ref borrowed) {
#ifdef VALID
  return borrowed.get() == 3;
#else
  return borrowed == 3;
#endif
}
