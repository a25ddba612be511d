// SPDX-License-Identifier: MIT
// g++: no matching function .*perf_event>::update\(
// clang++: no matching member function for call to 'update'
#include <bpflink/attach/tracepoint.hpp>
#include <utility>

bpflink::expected<void> f(bpflink::perf_event_link& link, bpflink::program_ref next) {
#ifdef VALID
  return bpflink::link_handle{std::move(link)}.update(next);
#else
  return link.update(next);
#endif
}
