// SPDX-License-Identifier: MIT
// g++: deleted function 'bpflink::unique_fd::operator int\(\) const'
// clang++: from 'bpflink::unique_fd' to 'int' invokes a deleted function
#include <bpflink/fd.hpp>

extern "C" int close(int);

bool f(bpflink::unique_fd& owner) {
#ifdef VALID
  return owner.close().has_value();
#else
  return ::close(owner) == 0;
#endif
}
