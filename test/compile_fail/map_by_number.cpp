// SPDX-License-Identifier: MIT
// g++: could not convert '7' from 'int' to 'bpflink::map_ref'
// clang++: no viable conversion from 'int' to '(bpflink::)?map_ref'
#include <bpflink/attach/sockmap.hpp>

bpflink::sockmap_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::sockmap_options{
      .map = bpflink::fd_ref{7}, .hook = bpflink::sockmap_hook::msg_verdict, .program = program};
#else
  return bpflink::sockmap_options{.map = 7, .hook = bpflink::sockmap_hook::msg_verdict, .program = program};
#endif
}
