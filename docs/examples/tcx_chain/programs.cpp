// SPDX-License-Identifier: MIT
#include "programs.hpp"

#include <bpf/bpf.h>

#include <cstddef>

namespace chain {

namespace {

constexpr std::uint8_t r0 = 0, r1 = 1, r2 = 2, r6 = 6, r10 = 10;

bpf_insn make(int operation, std::uint8_t to, std::uint8_t from, std::int16_t offset, std::int32_t constant) {
  bpf_insn instruction{};
  instruction.code = static_cast<__u8>(operation);
  instruction.dst_reg = to & 0xfU;
  instruction.src_reg = from & 0xfU;
  instruction.off = offset;
  instruction.imm = constant;
  return instruction;
}

bpf_insn set(std::uint8_t to, std::int32_t constant) { return make(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, constant); }
bpf_insn copy(std::uint8_t to, std::uint8_t from) { return make(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
bpf_insn leave() { return make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

// Keeps the packet in r6, and counts.
std::vector<bpf_insn> count(const counter& seen) {
  return {
      copy(r6, r1),
      make(BPF_ST | BPF_W | BPF_MEM, r10, 0, -4, 0),
      copy(r2, r10),
      make(BPF_ALU64 | BPF_ADD | BPF_K, r2, 0, 0, -4),
      make(BPF_LD | BPF_DW | BPF_IMM, r1, BPF_PSEUDO_MAP_FD, 0, seen.map()),
      make(0, 0, 0, 0, 0),
      make(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
      make(BPF_JMP | BPF_JEQ | BPF_K, r0, 0, 2, 0),
      set(r1, 1),
      make(BPF_STX | BPF_DW | BPF_ATOMIC, r0, r1, 0, BPF_ADD),
  };
}

bpflink::expected<bpflink::program> load(std::string_view name, const std::vector<bpf_insn>& instructions) {
  return bpflink::program::load(
      {.type = bpflink::program_type::sched_cls, .instructions = instructions, .license = "GPL", .name = name});
}

}  // namespace

counter::counter() : map_{bpflink::unique_fd::adopt(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "seen", 4, 8, 1, nullptr))} {}

std::uint64_t counter::value() const {
  const std::uint32_t key = 0;
  std::uint64_t number = 0;
  ::bpf_map_lookup_elem(map_.get(), &key, &number);
  return number;
}

void counter::clear() const {
  const std::uint32_t key = 0;
  const std::uint64_t zero = 0;
  ::bpf_map_update_elem(map_.get(), &key, &zero, BPF_ANY);
}

bpflink::expected<bpflink::program> load_watcher(std::string_view name, const counter& seen) {
  auto code = count(seen);
  code.insert(code.end(), {set(r0, next), leave()});
  return load(name, code);
}

bpflink::expected<bpflink::program> load_filter(std::string_view name, const counter& seen, std::int32_t most_bytes) {
  auto code = count(seen);
  code.insert(code.end(), {make(BPF_LDX | BPF_W | BPF_MEM, r1, r6, offsetof(__sk_buff, len), 0), set(r0, next),
                           make(BPF_JMP | BPF_JLE | BPF_K, r1, 0, 1, most_bytes), set(r0, drop), leave()});
  return load(name, code);
}

}  // namespace chain
