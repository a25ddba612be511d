// SPDX-License-Identifier: MIT
#include "programs.hpp"

#include <bpf/bpf.h>

#include <cstddef>

#include "../shared/kernel_types.hpp"

namespace tour {

namespace {

using namespace shared;

}  // namespace

code count_and_return(const counter& counted, std::int32_t number) {
  code program = count(counted.map());
  append(program, {set(r0, number), leave()});
  return program;
}

code steer_port(std::uint16_t port, int sockets) {
  code program{copy(r6, r1), load_from(BPF_W, r2, r6, offsetof(bpf_sk_lookup, local_port)),
               jump_if(BPF_JNE, r2, port, 14)};
  append(program, look_up(sockets, 0));
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
  const btf_owner types{::btf__load_vmlinux_btf()};
  if (!types) return std::nullopt;
  const auto tgid = find_member(types.get(), "task_struct", "tgid");
  if (!tgid) return std::nullopt;
  constexpr std::int16_t meta = 0, task = 8, stream = 0;
  return code{
      copy(r6, r1),
      load_from(BPF_DW, r2, r6, task),
      jump_if(BPF_JEQ, r2, 0, 8),  // after the last task there is none
      load_from(BPF_W, r3, r2, tgid->offset),
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
