// SPDX-License-Identifier: MIT
#include "programs.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace tour {

namespace {

constexpr std::uint8_t r0 = 0, r1 = 1, r2 = 2, r3 = 3, r6 = 6, r10 = 10;

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
bpf_insn add(std::uint8_t to, std::int32_t constant) { return make(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, constant); }
bpf_insn load_from(int size, std::uint8_t to, std::uint8_t from, std::int16_t offset) {
  return make(BPF_LDX | size | BPF_MEM, to, from, offset, 0);
}
bpf_insn store_to(int size, std::uint8_t to, std::int16_t offset, std::uint8_t from) {
  return make(BPF_STX | size | BPF_MEM, to, from, offset, 0);
}
bpf_insn store_constant(std::uint8_t to, std::int16_t offset, std::int32_t constant) {
  return make(BPF_ST | BPF_W | BPF_MEM, to, 0, offset, constant);
}
bpf_insn jump_if(int condition, std::uint8_t left, std::int32_t right, std::int16_t over) {
  return make(BPF_JMP | condition | BPF_K, left, 0, over, right);
}
bpf_insn call(int helper) { return make(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
bpf_insn leave() { return make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

void append(code& to, std::initializer_list<bpf_insn> instructions) { to.insert(to.end(), instructions); }

// r0 = the map's element 0, or null.
void look_up_first(code& to, int map) {
  append(to, {
                 store_constant(r10, -4, 0),
                 copy(r2, r10),
                 add(r2, -4),
                 make(BPF_LD | BPF_DW | BPF_IMM, r1, BPF_PSEUDO_MAP_FD, 0, map),
                 make(0, 0, 0, 0, 0),
                 call(BPF_FUNC_map_lookup_elem),
             });
}

// Where a member stands in a structure of the kernel's, in bytes.
std::optional<std::int16_t> offset_of(const ::btf* types, const char* structure, std::string_view member) {
  const auto id = btf__find_by_name_kind(types, structure, BTF_KIND_STRUCT);
  if (id < 0) return std::nullopt;
  const auto* const type = btf__type_by_id(types, static_cast<__u32>(id));
  const auto* const members = btf_members(type);
  for (std::uint16_t index = 0; index < btf_vlen(type); ++index) {
    if (btf__name_by_offset(types, members[index].name_off) == member) {
      return static_cast<std::int16_t>(btf_member_bit_offset(type, index) / 8);
    }
  }
  return std::nullopt;
}

}  // namespace

counter::counter()
    : map_{bpflink::unique_fd::adopt(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "counter", 4, 8, 1, nullptr))} {}

std::uint64_t counter::value() const {
  const std::uint32_t key = 0;
  std::uint64_t number = 0;
  ::bpf_map_lookup_elem(map_.get(), &key, &number);
  return number;
}

code count_and_return(const counter& counted, std::int32_t number) {
  code program;
  look_up_first(program, counted.map());
  append(program, {
                      jump_if(BPF_JEQ, r0, 0, 2),
                      set(r1, 1),
                      make(BPF_STX | BPF_DW | BPF_ATOMIC, r0, r1, 0, BPF_ADD),
                      set(r0, number),
                      leave(),
                  });
  return program;
}

code steer_port(std::uint16_t port, int sockets) {
  code program{copy(r6, r1), load_from(BPF_W, r2, r6, offsetof(bpf_sk_lookup, local_port)),
               jump_if(BPF_JNE, r2, port, 14)};
  look_up_first(program, sockets);
  append(program, {
                      jump_if(BPF_JEQ, r0, 0, 7),
                      copy(r1, r6),
                      copy(r2, r0),
                      set(r3, 0),
                      copy(r6, r0),
                      call(BPF_FUNC_sk_assign),
                      copy(r1, r6),
                      call(BPF_FUNC_sk_release),
                      set(r0, SK_PASS),
                      leave(),
                  });
  return program;
}

std::optional<code> write_process_ids() {
  const std::unique_ptr<::btf, decltype(&btf__free)> types{btf__load_vmlinux_btf(), btf__free};
  if (!types) return std::nullopt;
  const auto tgid = offset_of(types.get(), "task_struct", "tgid");
  if (!tgid) return std::nullopt;
  constexpr std::int16_t meta = 0, task = 8, stream = 0;
  return code{
      copy(r6, r1),
      load_from(BPF_DW, r2, r6, task),
      jump_if(BPF_JEQ, r2, 0, 8),  // after the last task there is none
      load_from(BPF_W, r3, r2, *tgid),
      store_to(BPF_W, r10, -4, r3),
      load_from(BPF_DW, r1, r6, meta),
      load_from(BPF_DW, r1, r1, stream),
      copy(r2, r10),
      add(r2, -4),
      set(r3, 4),
      call(BPF_FUNC_seq_write),
      set(r0, 0),
      leave(),
  };
}

bpflink::unique_fd socket_map(int socket) {
  auto map = bpflink::unique_fd::adopt(::bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "sockets", 4, 8, 1, nullptr));
  const std::uint32_t key = 0;
  const auto value = static_cast<std::uint64_t>(socket);
  ::bpf_map_update_elem(map.get(), &key, &value, BPF_ANY);
  return map;
}

bpflink::expected<bpflink::program> load(bpflink::program_type type, const code& instructions,
                                         std::optional<bpflink::attach_type> attach_type, bpflink::load_target target) {
  return bpflink::program::load({.type = type,
                                 .instructions = instructions,
                                 .license = "GPL",
                                 .name = "bpflink_tour",
                                 .expected_attach_type = attach_type,
                                 .target = target});
}

}  // namespace tour
