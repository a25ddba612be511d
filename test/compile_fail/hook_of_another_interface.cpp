// SPDX-License-Identifier: MIT
// g++: from 'bpflink::tcx_hook' to 'bpflink::required<bpflink::netkit_hook>'
// clang++: no viable conversion from 'bpflink::tcx_hook' to 'required<bpflink::netkit_hook>'
#include <bpflink/attach/netkit.hpp>
#include <bpflink/attach/tcx.hpp>

bpflink::netkit_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::netkit_options{.interface = 1, .hook = bpflink::netkit_hook::peer, .program = program};
#else
  return bpflink::netkit_options{.interface = 1, .hook = bpflink::tcx_hook::ingress, .program = program};
#endif
}
