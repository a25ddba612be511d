// SPDX-License-Identifier: MIT
// g++: no matching function for call to .*after
// clang++: too many arguments to function call
#include <bpflink/position.hpp>

bpflink::position f(bpflink::program_ref one, bpflink::program_ref other) {
#ifdef VALID
  static_cast<void>(other);
  return bpflink::position::after(one);
#else
  return bpflink::position::after(bpflink::position::before(other), one);
#endif
}
