// SPDX-License-Identifier: MIT
// g++: cannot convert 'const bpflink::xdp_link' .* to 'bpflink::anchor'
// clang++: no viable conversion from 'const bpflink::xdp_link' .* to 'bpflink::anchor'
#include <bpflink/attach/tcx.hpp>
#include <bpflink/attach/xdp.hpp>

#ifdef VALID
bpflink::position f(const bpflink::tcx_link& other) { return bpflink::position::before(other); }
#else
bpflink::position f(const bpflink::xdp_link& other) { return bpflink::position::before(other); }
#endif
