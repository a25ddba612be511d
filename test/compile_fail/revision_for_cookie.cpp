// SPDX-License-Identifier: MIT
// g++: could not convert .*revision' .*to 'std::optional<bpflink::distinct_number<bpflink::cookie_tag
// clang++: no viable conversion from 'bpflink::revision'
#include <bpflink/attach/raw_tracepoint.hpp>

bpflink::raw_tracepoint_options f(bpflink::program_ref program) {
#ifdef VALID
  return bpflink::raw_tracepoint_options{.name = "sched_switch", .program = program, .cookie = bpflink::cookie{7}};
#else
  return bpflink::raw_tracepoint_options{.name = "sched_switch", .program = program, .cookie = bpflink::revision{7}};
#endif
}
