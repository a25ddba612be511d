// SPDX-License-Identifier: MIT
// g++: deleted function 'bpflink::unique_fd::operator int\(\) const'
// clang++: to 'const int' invokes a deleted function
#include <bpflink/fd.hpp>

void use(int);

void f(const bpflink::unique_fd& owner) {
#ifdef VALID
  const int number = owner.get();
  use(number);
#else
  const int number = owner;
  use(number);
#endif
}
