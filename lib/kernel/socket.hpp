// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "kernel/result.hpp"

// Programs that sockets have by setsockopt(2).
namespace bpflink::kernel {

// The numbers differ between architectures.
enum class socket_option : std::uint32_t {
  reuse_port = SO_REUSEPORT,
  filter = SO_GET_FILTER,
  detach_filter = SO_DETACH_FILTER,  // a program as well: SO_DETACH_BPF
  lock_filter = SO_LOCK_FILTER,
  attach_program = SO_ATTACH_BPF,
  attach_reuseport_program = SO_ATTACH_REUSEPORT_EBPF,
  detach_reuseport_program = SO_DETACH_REUSEPORT_BPF,
};

[[nodiscard]] result<void> set_option(int socket, socket_option which, int value) noexcept;
// Nothing where the socket has no such option, or is none.
[[nodiscard]] std::optional<int> number_option(int socket, socket_option which) noexcept;

// What a socket filters by. The kernel does not tell which program it is.
enum class filter_kind : std::uint8_t { none, classic, program };
[[nodiscard]] result<filter_kind> filter_of(int socket) noexcept;

}  // namespace bpflink::kernel
