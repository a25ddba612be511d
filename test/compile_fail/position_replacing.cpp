// SPDX-License-Identifier: MIT
// g++: could not convert .*bpflink::position::replacing\(other\)
// clang++: no viable conversion from 'bpflink::position::replacement'
#include <bpflink/attach/tcx.hpp>

bpflink::tcx_options f(bpflink::program_ref program, bpflink::program_ref other) {
#ifdef VALID
  return {.interface = 1,
          .hook = bpflink::tcx_hook::ingress,
          .program = program,
          .position = bpflink::position::before(other)};
#else
  return {.interface = 1,
          .hook = bpflink::tcx_hook::ingress,
          .program = program,
          .position = bpflink::position::replacing(other)};
#endif
}
