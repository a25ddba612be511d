// SPDX-License-Identifier: MIT
#pragma once

#include <bpflink/bpflink.hpp>
#include <cstdint>

namespace proxy {

// Two connections that the kernel joins: what arrives at the one leaves by the other, as long as this lives.
class splice {
 public:
  // `client` was accepted on `port`; `server` is connected to where its bytes are to go.
  [[nodiscard]] static bpflink::expected<splice> join(const bpflink::unique_fd& client, std::uint16_t port,
                                                      const bpflink::unique_fd& server);

  [[nodiscard]] bpflink::mechanism mechanism() const { return link_.mechanism(); }

 private:
  splice(bpflink::unique_fd sockets, bpflink::sockmap_link link)
      : sockets_{std::move(sockets)}, link_{std::move(link)} {}

  bpflink::unique_fd sockets_;
  bpflink::sockmap_link link_;
};

}  // namespace proxy
