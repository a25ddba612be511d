// SPDX-License-Identifier: MIT
#include "programs.hpp"

#include <cstddef>

#include "../shared/instructions.hpp"

namespace chain {

namespace {

using namespace shared;

// Keeps the packet in r6, and counts.
code keep_and_count(const counter& seen) {
  code made{copy(r6, r1)};
  append(made, count(seen.map()));
  return made;
}

bpflink::expected<bpflink::program> load(std::string_view name, const code& instructions) {
  return bpflink::program::load(
      {.type = bpflink::program_type::sched_cls, .instructions = instructions, .license = "GPL", .name = name});
}

}  // namespace

bpflink::expected<bpflink::program> load_watcher(std::string_view name, const counter& seen) {
  auto program = keep_and_count(seen);
  append(program, {set(r0, next), leave()});
  return load(name, program);
}

bpflink::expected<bpflink::program> load_filter(std::string_view name, const counter& seen, std::int32_t most_bytes) {
  auto program = keep_and_count(seen);
  append(program, {load_from(BPF_W, r1, r6, offsetof(__sk_buff, len)), set(r0, next),
                   jump_if(BPF_JLE, r1, most_bytes, 1), set(r0, drop), leave()});
  return load(name, program);
}

}  // namespace chain
