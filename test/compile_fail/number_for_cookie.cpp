// SPDX-License-Identifier: MIT
// g++: could not convert '7' from 'int' to 'std::optional<bpflink::distinct_number<bpflink::cookie_tag
// clang++: no viable conversion from 'int' to 'std::optional<bpflink::cookie>'
#include <bpflink/attach/raw_tracepoint.hpp>

bpflink::raw_tracepoint_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::raw_tracepoint_options{.name = "sched_switch", .program = program, .cookie = bpflink::cookie{7}};
#else
  return bpflink::raw_tracepoint_options{.name = "sched_switch", .program = program, .cookie = 7};
#endif
}
