// SPDX-License-Identifier: MIT
// g++: 'number' is not a constant expression
// clang++: this is not a constant expression
#include <bpflink/ids.hpp>
#include <optional>

std::optional<bpflink::ifindex> f(int number) {
#ifdef VALID
  return bpflink::ifindex::from(number);
#else
  return bpflink::ifindex{number};
#endif
}
