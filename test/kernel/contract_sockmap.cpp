// SPDX-License-Identifier: MIT
#include <string>

#include "contract.hpp"
#include "sockmap_helpers.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

void check_sockmap(std::uint32_t map_type, sockmap_hook hook) {
  const test::netns_fixture netns;
  const auto map = socket_map(map_type);
  check_contract(kind_case<sockmap_link>{
      .type = link_type::sockmap,
      .number = test::link_type::sockmap,
      .since = {6, 10},
      .load = [hook] { return load_verdict(hook); },
      .attach = [&](program_ref program) { return attach(at_map(map, program, hook)); },
      // Sockets keep the programs of when they were put in: each run has a connection of its own.
      .trigger =
          [&](int) {
            netns.run([&] {
              const auto pair = connect_pair();
              const auto& watched = takes_messages(hook) ? pair.client : pair.server;
              if (const int error = put(map, 0, watched); error != 0) test::throw_error(error, "putting a socket in");
              send_text(pair.client, "x");
              receive_text(pair.server);
            });
          },
      .tells_defunct = true,
      .one_at_a_time = true});
}

}  // namespace

TEST_CASE("contract: sockmap", "[contract]") {
  SKIP_IF(test::needs_root());
  check_sockmap(test::map_type::sockmap, sockmap_hook::msg_verdict);
}

TEST_CASE("contract: sockhash", "[contract]") {
  SKIP_IF(test::needs_root());
  check_sockmap(test::map_type::sockhash, sockmap_hook::stream_verdict);
}

}  // namespace bpflink
