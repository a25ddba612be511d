// SPDX-License-Identifier: MIT
// g++: deleted function .*unique_fd\(const bpflink::unique_fd&\)
// clang++: deleted constructor of 'const bpflink::unique_fd'
#include <bpflink/fd.hpp>
#include <utility>

void use(bpflink::fd_ref);

void f(bpflink::unique_fd& owner) {
#ifdef VALID
  const bpflink::unique_fd second = std::move(owner);
  use(second);
#else
  const bpflink::unique_fd second = owner;
  use(second);
#endif
}
