// SPDX-License-Identifier: MIT
// g++: 'const bpflink::link_info&' from expression of type 'bpflink::expected<bpflink::link_info>'
// clang++: no known conversion from 'const bpflink::expected<bpflink::link_info>'
#include <bpflink/link.hpp>

bool is_ours(const bpflink::link_info&);

bool f(const bpflink::expected<bpflink::link_info>& info) {
#ifdef VALID
  if (!info) return false;
  return is_ours(*info);
#else
  return is_ours(info);
#endif
}
