// SPDX-License-Identifier: MIT
// g++: cannot convert .*anchor
// clang++: no viable conversion from .* to 'bpflink::anchor'
#include <bpflink/attach/cgroup.hpp>
#include <bpflink/attach/xdp.hpp>

#ifdef VALID
bpflink::position f(const bpflink::cgroup_link& link) { return bpflink::position::after(link); }
#else
bpflink::position f(const bpflink::xdp_link& link) { return bpflink::position::after(link); }
#endif
