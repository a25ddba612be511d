// SPDX-License-Identifier: MIT
// g++: deleted function 'bpflink::unique_fd::operator int\(\) const'
// clang++: attempt to use a deleted function
#include <bpflink/fd.hpp>

bool f(const bpflink::unique_fd& owner) {
#ifdef VALID
  return owner.get() == 3;
#else
  return owner == 3;
#endif
}
