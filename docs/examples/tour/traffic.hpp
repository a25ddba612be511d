// SPDX-License-Identifier: MIT
#pragma once

#include <bpflink/fd.hpp>
#include <cstdint>
#include <string>

#include "../shared/fence.hpp"

// Traffic on this network namespace's loopback interface.
namespace tour {

// What happened to a datagram.
enum class datagram { received, refused, lost };
// Sends one to a socket of our own, and receives it, as soon as it can be there.
[[nodiscard]] datagram send_datagram(const shared::fence& behind);

// A TCP socket that listens on a port of the kernel's choice.
class listener {
 public:
  listener();
  [[nodiscard]] int descriptor() const { return socket_.get(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Whether a connection to this port, which need not be ours, arrives here.
  [[nodiscard]] bool reached_by_port(std::uint16_t port) const;

 private:
  bpflink::unique_fd socket_;
  std::uint16_t port_;
};

// A directory, to be attached to.
[[nodiscard]] bpflink::unique_fd open_directory(const std::string& path);

// Hands the kernel a raw packet, whose flow it has to dissect. False where that was refused.
bool send_packet();

}  // namespace tour
