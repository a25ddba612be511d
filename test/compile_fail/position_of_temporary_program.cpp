// SPDX-License-Identifier: MIT
// g++: deleted function .*anchor\(const bpflink::program&&\)
// clang++: invokes a deleted function
#include <bpflink/position.hpp>

bpflink::program make();

bpflink::position f() {
#ifdef VALID
  const bpflink::program owner = make();
  return bpflink::position::after(owner);
#else
  return bpflink::position::after(make());
#endif
}
