// SPDX-License-Identifier: MIT
// g++: passing 'bpflink::xdp_link' .* as 'this' argument discards qualifiers
// clang++: 'release' is an lvalue, but function has rvalue ref-qualifier
#include <bpflink/attach/xdp.hpp>
#include <utility>

bpflink::unique_fd f(bpflink::xdp_link& link) {
#ifdef VALID
  return std::move(link).release();
#else
  return link.release();
#endif
}
