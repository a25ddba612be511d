// SPDX-License-Identifier: MIT
#include "contract.hpp"
#include "netfilter_helpers.hpp"
#include "support/netns_fixture.hpp"
#include "support/traffic.hpp"

namespace bpflink {

// The target cannot go: the namespace lives as long as the link.
TEST_CASE("contract: netfilter", "[contract]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture netns;
  // A link whose pin went a moment ago may still have its priority: each takes another.
  int priority = 0;
  check_contract(kind_case<netfilter_link>{
      .type = link_type::netfilter,
      .number = test::link_type::netfilter,
      .since = {6, 4},
      .load = [] { return load_netfilter(); },
      .attach =
          [&](program_ref program) {
            return attach(netfilter_options{.netns = fd_ref{netns.get()},
                                            .family = netfilter_family::ipv4,
                                            .hook = netfilter_hook::local_out,
                                            .program = program,
                                            .priority = *netfilter_priority::from(++priority)});
          },
      .trigger = [&](int) { netns.run([] { static_cast<void>(test::udp_send()); }); }});
}

}  // namespace bpflink
