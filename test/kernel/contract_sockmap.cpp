// SPDX-License-Identifier: MIT
#include <string>

#include "contract.hpp"
#include "sockmap_helpers.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

bool is_parser(sockmap_hook hook) { return hook == sockmap_hook::stream_parser; }

void check_sockmap(std::uint32_t map_type, sockmap_hook hook) {
  const test::netns_fixture netns;
  const auto map = socket_map(map_type);
  const auto verdict = load_verdict(sockmap_hook::stream_verdict);
  // The kernel parses for a verdict only.
  if (is_parser(hook)) {
    REQUIRE(test::prog_attach({map.get(), verdict.get(), test::attach_type::sk_skb_stream_verdict}) == 0);
  }
  check_contract(kind_case<sockmap_link>{
      .type = link_type::sockmap,
      .number = test::link_type::sockmap,
      .since = {6, 10},
      .load = [hook] { return is_parser(hook) ? load_parser() : load_verdict(hook); },
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

TEST_CASE("contract: sockmap, of a parser", "[contract]") {
  SKIP_IF(test::needs_root());
  check_sockmap(test::map_type::sockmap, sockmap_hook::stream_parser);
}

TEST_CASE("contract: sockmap, of a verdict without a parser", "[contract]") {
  SKIP_IF(test::needs_root());
  check_sockmap(test::map_type::sockmap, sockmap_hook::skb_verdict);
}

}  // namespace bpflink
