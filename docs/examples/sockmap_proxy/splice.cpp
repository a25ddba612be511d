// SPDX-License-Identifier: MIT
#include "splice.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <array>
#include <cstddef>

namespace proxy {

namespace {

using bpflink::unique_fd;

// Keys of the two sockets in the map.
constexpr std::uint32_t client_key = 0;
constexpr std::uint32_t server_key = 1;

bpf_insn make(int operation, unsigned to, unsigned from, std::int16_t offset, std::int32_t constant) {
  bpf_insn instruction{};
  instruction.code = static_cast<__u8>(operation);
  instruction.dst_reg = to & 0xfU;
  instruction.src_reg = from & 0xfU;
  instruction.off = offset;
  instruction.imm = constant;
  return instruction;
}

bpf_insn set(unsigned to, std::int32_t constant) { return make(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, constant); }

// What came in on the proxy's port is the client's, and goes to the server; all else came from there.
bpflink::expected<bpflink::program> load_switch(const unique_fd& sockets, std::uint16_t port) {
  constexpr unsigned r1 = 1, r2 = 2, r3 = 3, r4 = 4;
  const std::array code{
      make(BPF_LDX | BPF_W | BPF_MEM, r2, r1, offsetof(__sk_buff, local_port), 0),
      set(r3, client_key),
      make(BPF_JMP | BPF_JNE | BPF_K, r2, 0, 1, port),
      set(r3, server_key),
      make(BPF_LD | BPF_DW | BPF_IMM, r2, BPF_PSEUDO_MAP_FD, 0, sockets.get()),
      make(0, 0, 0, 0, 0),
      set(r4, 0),
      make(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_sk_redirect_map),
      make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
  return bpflink::program::load({.type = bpflink::program_type::sk_skb,
                                 .instructions = code,
                                 .license = "GPL",
                                 .name = "splice",
                                 .expected_attach_type = bpflink::attach_type::sk_skb_stream_verdict});
}

void put(const unique_fd& sockets, std::uint32_t key, const unique_fd& socket) {
  const auto number = static_cast<std::uint64_t>(socket.get());
  ::bpf_map_update_elem(sockets.get(), &key, &number, BPF_ANY);
}

}  // namespace

bpflink::expected<splice> splice::join(const unique_fd& client, std::uint16_t port, const unique_fd& server) {
  auto sockets = unique_fd::adopt(::bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "connections", 4, 8, 2, nullptr));
  const auto program = load_switch(sockets, port);
  if (!program) return tl::unexpected(program.error());
  auto link = bpflink::attach(
      bpflink::sockmap_options{.map = sockets, .hook = bpflink::sockmap_hook::stream_verdict, .program = *program});
  if (!link) return tl::unexpected(link.error());
  // Sockets get the map's programs when they are put in: the program has to be there before.
  put(sockets, client_key, client);
  put(sockets, server_key, server);
  return splice{std::move(sockets), *std::move(link)};
}

}  // namespace proxy
