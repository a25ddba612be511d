// SPDX-License-Identifier: MIT
#include "tc_helpers.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "older_kernel.hpp"
#include "support/fd.hpp"
#include "support/reception.hpp"

namespace bpflink {

bool lacks_tcx_links() {
  return older_than(6, 6, [] {
    const auto program = load_tc();
    return attach(tcx_options{.interface = 1,
                              .hook = tcx_hook::ingress,
                              .program = borrow(program),
                              .mechanism = mechanism_choice::link_only});
  });
}

bool frame_passes(const std::string& from, const std::string& to, unsigned interfaces) {
  const test::fd receiver(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_IP)));
  if (!receiver) test::throw_error(errno, "making a packet socket");
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(ETH_P_IP);
  where.sll_ifindex = static_cast<int>(test::ifindex_of(to));
  if (::bind(receiver.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    test::throw_error(errno, "binding a packet socket");
  }
  int error = 0;
  test::until_received([&] { error = test::packet_send(from); }, interfaces);
  pollfd waited{receiver.get(), POLLIN, 0};
  return error == 0 && ::poll(&waited, 1, 0) == 1;
}

}  // namespace bpflink
