// SPDX-License-Identifier: MIT
// g++: cannot convert 'std::string_view' .* to 'bpflink::zstring_view'
// clang++: no viable conversion from 'std::string_view' .* to 'bpflink::zstring_view'
#include <bpflink/program.hpp>
#include <string>
#include <string_view>

bpflink::expected<bpflink::program> f(std::string_view path) {
#ifdef VALID
  return bpflink::program::open_pinned(std::string{path});
#else
  return bpflink::program::open_pinned(path);
#endif
}
