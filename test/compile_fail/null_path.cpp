// SPDX-License-Identifier: MIT
// g++: deleted function .*zstring_view\(std::nullptr_t\)
// clang++: from 'std::nullptr_t' to 'bpflink::zstring_view' invokes a deleted function
#include <bpflink/program.hpp>

bpflink::expected<bpflink::program> f() {
#ifdef VALID
  return bpflink::program::open_pinned("/sys/fs/bpf/filter");
#else
  return bpflink::program::open_pinned(nullptr);
#endif
}
