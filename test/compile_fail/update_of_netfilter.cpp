// SPDX-License-Identifier: MIT
// g++: no matching function .*netfilter>::update\(
// clang++: no matching member function for call to 'update'
#include <bpflink/attach/netfilter.hpp>
#include <utility>

bpflink::expected<void> f(bpflink::netfilter_link& link, bpflink::program_ref next) {
#ifdef VALID
  return bpflink::link_handle{std::move(link)}.update(next);
#else
  return link.update(next);
#endif
}
