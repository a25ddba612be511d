// SPDX-License-Identifier: MIT
// g++: use of deleted function 'bpflink::anchor::anchor\(const bpflink::typed_link<Kind>&&\)
// clang++: to 'bpflink::anchor' invokes a deleted function
#include <bpflink/attach/tcx.hpp>

bpflink::tcx_link open();

bpflink::position f() {
#ifdef VALID
  static const bpflink::tcx_link other = open();
  return bpflink::position::before(other);
#else
  return bpflink::position::before(open());
#endif
}
