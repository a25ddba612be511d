// SPDX-License-Identifier: MIT
// libbpf, where there was one to build with.
#pragma once

#include <string>

#include "side.hpp"
#include "support/instructions.hpp"

namespace bpflink::bench::libbpf {

/// In the place of an operation that it does not have.
struct none {
  operator side() const { return {}; }
};

}  // namespace bpflink::bench::libbpf

/// What is compiled only with libbpf.
#if BPFLINK_BENCH_LIBBPF
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#define BPFLINK_WITH_LIBBPF(...) __VA_ARGS__
#else
#define BPFLINK_WITH_LIBBPF(...) \
  bpflink::bench::libbpf::none {}
#endif

namespace bpflink::bench::libbpf {

/// "libbpf 1.1"; empty where there was none.
std::string version();

#if BPFLINK_BENCH_LIBBPF
/// Loads a program into an object of its own, which lives as long as this process: its section says what it is for.
bpf_program* load(const std::string& section, test::instructions code);

struct destroyer {
  void operator()(bpf_link* link) const noexcept { bpf_link__destroy(link); }
};
using link_owner = std::unique_ptr<bpf_link, destroyer>;

inline bpf_link* made(bpf_link* link, const char* doing) {
  if (link == nullptr) failed(doing);
  return link;
}
inline void destroy(bpf_link* link) { done(bpf_link__destroy(link), "destroying a link"); }
#endif

}  // namespace bpflink::bench::libbpf
