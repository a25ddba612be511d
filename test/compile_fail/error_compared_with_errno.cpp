// SPDX-License-Identifier: MIT
// g++: no match for 'operator==' .*bpf_error' and 'int'
// clang++: invalid operands .*bpf_error' and 'int'
#include <bpflink/error.hpp>
#include <cerrno>

bool f(const bpflink::bpf_error& error) {
#ifdef VALID
  return error.sys_errno() == EBUSY;
#else
  return error == EBUSY;
#endif
}
