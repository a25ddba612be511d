// SPDX-License-Identifier: MIT
// g++: ignoring return value of .*detach\(\)', declared with attribute 'nodiscard'
// clang++: ignoring return value .*'nodiscard'
#include <bpflink/link.hpp>

bool f(bpflink::link_handle& link) {
#ifdef VALID
  return link.detach().has_value();
#else
  link.detach();
  return true;
#endif
}
