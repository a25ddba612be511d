// SPDX-License-Identifier: MIT
// g++: 'number' is not a constant expression
// clang++: this is not a constant expression
#include <bpflink/attach/netfilter.hpp>
#include <optional>

std::optional<bpflink::netfilter_priority> f(int number) {
#ifdef VALID
  return bpflink::netfilter_priority::from(number);
#else
  return bpflink::netfilter_priority{number};
#endif
}
