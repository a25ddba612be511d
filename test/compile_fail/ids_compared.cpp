// SPDX-License-Identifier: MIT
// g++: no match for 'operator==' .*link_id' .*program_id'
// clang++: invalid operands .*link_id' .*program_id'
#include <bpflink/ids.hpp>

bool f(bpflink::link_id link, bpflink::program_id program) {
#ifdef VALID
  return link == bpflink::link_id{program.value()};
#else
  return link == program;
#endif
}
