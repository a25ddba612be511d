// SPDX-License-Identifier: MIT
// g++: no matching function .*raw_tracepoint>::update\(
// clang++: no matching member function for call to 'update'
#include <bpflink/attach/raw_tracepoint.hpp>
#include <utility>

bpflink::expected<void> f(bpflink::raw_tracepoint_link& link, bpflink::program_ref next) {
#ifdef VALID
  return bpflink::link_handle{std::move(link)}.update(next);
#else
  return link.update(next);
#endif
}
