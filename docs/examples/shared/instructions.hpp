// SPDX-License-Identifier: MIT
// The examples' programs are written in instructions: no compiler for BPF is needed, and each is a few lines.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <vector>

namespace shared {

using code = std::vector<bpf_insn>;

// r0: what is returned; r1 to r5: arguments, lost in a call; r6 to r9: kept; r10: the end of the stack.
inline constexpr std::uint8_t r0 = 0, r1 = 1, r2 = 2, r3 = 3, r4 = 4, r6 = 6, r7 = 7, r10 = 10;

inline bpf_insn make(int operation, std::uint8_t to, std::uint8_t from, std::int16_t offset, std::int32_t constant) {
  bpf_insn instruction{};
  instruction.code = static_cast<__u8>(operation);
  instruction.dst_reg = to & 0xfU;
  instruction.src_reg = from & 0xfU;
  instruction.off = offset;
  instruction.imm = constant;
  return instruction;
}

inline bpf_insn set(std::uint8_t to, std::int32_t constant) {
  return make(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, constant);
}
inline bpf_insn copy(std::uint8_t to, std::uint8_t from) { return make(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
inline bpf_insn add(std::uint8_t to, std::int32_t constant) {
  return make(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, constant);
}
// size: BPF_W for 4 bytes, BPF_DW for 8.
inline bpf_insn load_from(int size, std::uint8_t to, std::uint8_t from, std::int16_t offset) {
  return make(BPF_LDX | size | BPF_MEM, to, from, offset, 0);
}
inline bpf_insn store_to(int size, std::uint8_t to, std::int16_t offset, std::uint8_t from) {
  return make(BPF_STX | size | BPF_MEM, to, from, offset, 0);
}
inline bpf_insn store_constant(std::uint8_t to, std::int16_t offset, std::int32_t constant) {
  return make(BPF_ST | BPF_W | BPF_MEM, to, 0, offset, constant);
}
// *to += from, 8 bytes, which other CPUs may do meanwhile.
inline bpf_insn add_atomically(std::uint8_t to, std::uint8_t from) {
  return make(BPF_STX | BPF_DW | BPF_ATOMIC, to, from, 0, BPF_ADD);
}
// Jumps over so many instructions, where the condition, such as BPF_JEQ, holds.
inline bpf_insn jump_if(int condition, std::uint8_t left, std::int32_t right, std::int16_t over) {
  return make(BPF_JMP | condition | BPF_K, left, 0, over, right);
}
// helper: BPF_FUNC_*.
inline bpf_insn call(int helper) { return make(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
inline bpf_insn leave() { return make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

inline void append(code& to, const code& instructions) {
  to.insert(to.end(), instructions.begin(), instructions.end());
}

// A register gets a map, by its descriptor: the one instruction that takes two places.
inline code load_map(std::uint8_t to, int map) {
  return {make(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, map), make(0, 0, 0, 0, 0)};
}
// r0 = where the map's value of this key is, or null. Six instructions; r1 to r5 are lost.
inline code look_up(int map, std::int32_t key) {
  code made{store_constant(r10, -4, key), copy(r2, r10), add(r2, -4)};
  append(made, load_map(r1, map));
  made.push_back(call(BPF_FUNC_map_lookup_elem));
  return made;
}
// Adds one to the number in the map; r0 to r5 are lost.
inline code count(int map) {
  code made = look_up(map, 0);
  append(made, {jump_if(BPF_JEQ, r0, 0, 2), set(r1, 1), add_atomically(r0, r1)});
  return made;
}

}  // namespace shared
