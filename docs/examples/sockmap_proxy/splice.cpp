// SPDX-License-Identifier: MIT
#include "splice.hpp"

#include <bpf/bpf.h>

#include <cstddef>

#include "../shared/instructions.hpp"

namespace proxy {

namespace {

using bpflink::unique_fd;

// Keys of the two sockets in the map.
constexpr std::uint32_t client_key = 0;
constexpr std::uint32_t server_key = 1;

// What came in on the proxy's port is the client's, and goes to the server; all else came from there.
bpflink::expected<bpflink::program> load_switch(const unique_fd& sockets, std::uint16_t port) {
  using namespace shared;
  code program{
      load_from(BPF_W, r2, r1, offsetof(__sk_buff, local_port)),
      set(r3, client_key),
      jump_if(BPF_JNE, r2, port, 1),
      set(r3, server_key),
  };
  append(program, load_map(r2, sockets.get()));
  append(program, {set(r4, 0), call(BPF_FUNC_sk_redirect_map), leave()});
  return bpflink::program::load({.type = bpflink::program_type::sk_skb,
                                 .instructions = program,
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
