// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <bpf/bpf.h>

#include <utility>

#include "../shared/instructions.hpp"
#include "../shared/kernel_types.hpp"

namespace {

using namespace shared;

// Adds r6 to a number in the map; r0 to r5 are lost.
void add_to_counter(code& to, int map, std::int32_t which) {
  append(to, look_up(map, which));
  append(to, {jump_if(BPF_JEQ, r0, 0, 1), add_atomically(r0, r6)});
}

// Where sk_buff.len stands in this kernel, in bytes; 0 where its BTF does not tell.
std::int16_t offset_of_length() {
  const btf_owner types{::btf__load_vmlinux_btf()};
  const auto length = types ? find_member(types.get(), "sk_buff", "len") : std::nullopt;
  return length ? length->offset : std::int16_t{0};
}

// The program's context holds pointers: nf_hook_state, and at 8 sk_buff.
code measure(int map) {
  code program{load_from(BPF_DW, r7, r1, 8), load_from(BPF_W, r7, r7, offset_of_length()), set(r6, 1)};
  add_to_counter(program, map, 0);
  program.push_back(copy(r6, r7));
  add_to_counter(program, map, 1);
  constexpr std::int32_t accept = 1;  // NF_ACCEPT
  append(program, {set(r0, accept), leave()});
  return program;
}

}  // namespace

measuring_program::measuring_program(bpflink::unique_fd counters, bpflink::program program)
    : counters_{std::move(counters)}, program_{std::move(program)} {}

bpflink::expected<measuring_program> measuring_program::load() {
  auto counters = bpflink::unique_fd::adopt(
      ::bpf_map_create(BPF_MAP_TYPE_ARRAY, "counters", sizeof(std::uint32_t), sizeof(std::uint64_t), 2, nullptr));
  const auto instructions = measure(counters.get());
  auto program = bpflink::program::load({.type = bpflink::program_type::netfilter,
                                         .instructions = instructions,
                                         .license = "GPL",
                                         .name = "measure",
                                         .expected_attach_type = bpflink::attach_type::netfilter});
  if (!program) return tl::unexpected(program.error());
  return measuring_program{std::move(counters), *std::move(program)};
}

std::uint64_t measuring_program::counter(std::uint32_t which) const {
  std::uint64_t value = 0;
  ::bpf_map_lookup_elem(counters_.get(), &which, &value);
  return value;
}
