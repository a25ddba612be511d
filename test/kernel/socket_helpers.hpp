// SPDX-License-Identifier: MIT
// What the tests of programs at sockets share.
#pragma once

#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>

#include "bpflink/attach/socket.hpp"
#include "helpers.hpp"
#include "support/fd.hpp"
#include "support/loopback.hpp"
#include "support/privileges.hpp"
#include "support/run_counter.hpp"

namespace bpflink {

inline constexpr std::int32_t filter_drop = 0;
inline constexpr std::int32_t filter_keep = std::numeric_limits<std::int32_t>::max();

inline test::counted_program load_filter(std::int32_t keep = filter_drop, const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::socket_filter, 0, keep, name);
}

/// A connected pair of AF_UNIX datagram sockets.
struct unix_pair {
  unix_pair() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
      test::throw_error(errno, "making a pair of sockets");
    }
    sender = test::fd(ends[0]);
    receiver = test::fd(ends[1]);
  }
  /// Whether what is sent arrives. AF_UNIX filters before send(2) returns.
  [[nodiscard]] bool passes() const {
    char byte = 'x';
    return ::send(sender.get(), &byte, 1, 0) == 1 && ::recv(receiver.get(), &byte, 1, 0) == 1;
  }

  test::fd sender;
  test::fd receiver;
};

inline int set_option(const test::fd& socket, int option, int value) {
  return ::setsockopt(socket.get(), SOL_SOCKET, option, &value, sizeof value) == 0 ? 0 : errno;
}

/// As the kernel tells it: 0 for no filter, the instructions of a classic one, or EACCES for a program.
inline int filter_of(const test::fd& socket) {
  socklen_t size = 0;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_GET_FILTER, nullptr, &size) == 0 ? static_cast<int>(size) : errno;
}
inline bool has_program(const test::fd& socket) { return filter_of(socket) == EACCES; }

/// A classic filter of one instruction, which keeps all.
inline int set_classic_filter(const test::fd& socket) {
  sock_filter keep{BPF_RET | BPF_K, 0, 0, 0xffff};
  const sock_fprog filter{1, &keep};
  return ::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 ? 0 : errno;
}

}  // namespace bpflink
