// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "support/constants.hpp"
#include "support/fd.hpp"
#include "support/instructions.hpp"
#include "support/raw_bpf.hpp"

namespace bpflink {

/// Selects the one socket in a map.
struct selecting_program {
  explicit selecting_program(const test::fd& socket, std::uint32_t attach_type = 0) {
    using namespace test;
    constexpr std::uint32_t socket_array = 20;  // BPF_MAP_TYPE_REUSEPORT_SOCKARRAY
    constexpr std::int32_t select = 82;         // bpf_sk_select_reuseport
    sockets = must(create_map(socket_array, 4, 8), "making a map of sockets");
    const std::uint32_t key = 0;
    const auto value = static_cast<std::uint64_t>(socket.get());
    if (const int error = map_update(sockets.get(), &key, &value); error != 0) throw_error(error, "entering a socket");
    assembler code;
    code.store(width::u32, r10, -4, 0).load_map(r2, sockets.get()).mov(r3, r10).add(r3, -4).mov(r4, 0).call(select);
    code.mov(r0, 1).exit();
    program = test::load(
        {.type = prog_type::sk_reuseport, .code = code.done(), .expected_attach_type = attach_type, .name = "select"});
  }

  test::fd sockets;
  test::fd program;
};

}  // namespace bpflink
