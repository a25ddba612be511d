// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using code = std::vector<bpf_insn>;

constexpr std::uint8_t r0 = 0, r1 = 1, r2 = 2, r6 = 6, r7 = 7, r10 = 10;

bpf_insn make(int operation, std::uint8_t to, std::uint8_t from, std::int16_t offset, std::int32_t constant) {
  bpf_insn instruction{};
  instruction.code = static_cast<__u8>(operation);
  instruction.dst_reg = to & 0xfU;
  instruction.src_reg = from & 0xfU;
  instruction.off = offset;
  instruction.imm = constant;
  return instruction;
}

// Adds r6 to a number in the map; r0, r1 and r2 are lost.
void add_to_counter(code& to, int map, std::int32_t which) {
  to.insert(to.end(), {
                          make(BPF_ST | BPF_W | BPF_MEM, r10, 0, -4, which),
                          make(BPF_ALU64 | BPF_MOV | BPF_X, r2, r10, 0, 0),
                          make(BPF_ALU64 | BPF_ADD | BPF_K, r2, 0, 0, -4),
                          make(BPF_LD | BPF_DW | BPF_IMM, r1, BPF_PSEUDO_MAP_FD, 0, map),
                          make(0, 0, 0, 0, 0),
                          make(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
                          make(BPF_JMP | BPF_JEQ | BPF_K, r0, 0, 1, 0),
                          make(BPF_STX | BPF_DW | BPF_ATOMIC, r0, r6, 0, BPF_ADD),
                      });
}

// Where sk_buff.len stands in this kernel, in bytes; 0 where its BTF does not tell.
std::int16_t offset_of_length() {
  const std::unique_ptr<::btf, decltype(&::btf__free)> types{::btf__load_vmlinux_btf(), &::btf__free};
  const auto id = types ? ::btf__find_by_name_kind(types.get(), "sk_buff", BTF_KIND_STRUCT) : -1;
  if (id < 0) return 0;
  const auto* const buffer = ::btf__type_by_id(types.get(), static_cast<__u32>(id));
  const auto* const members = ::btf_members(buffer);
  for (std::uint32_t index = 0; index < ::btf_vlen(buffer); ++index) {
    const std::string_view name = ::btf__name_by_offset(types.get(), members[index].name_off);
    if (name == "len") return static_cast<std::int16_t>(::btf_member_bit_offset(buffer, index) / 8);
  }
  return 0;
}

// The program's context holds pointers: nf_hook_state, and at 8 sk_buff.
code measure(int map) {
  code program{
      make(BPF_LDX | BPF_DW | BPF_MEM, r7, r1, 8, 0),
      make(BPF_LDX | BPF_W | BPF_MEM, r7, r7, offset_of_length(), 0),
      make(BPF_ALU64 | BPF_MOV | BPF_K, r6, 0, 0, 1),
  };
  add_to_counter(program, map, 0);
  program.push_back(make(BPF_ALU64 | BPF_MOV | BPF_X, r6, r7, 0, 0));
  add_to_counter(program, map, 1);
  constexpr std::int32_t accept = 1;  // NF_ACCEPT
  program.push_back(make(BPF_ALU64 | BPF_MOV | BPF_K, r0, 0, 0, accept));
  program.push_back(make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
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
