// SPDX-License-Identifier: MIT
// Fragments, put together before a netfilter program or not.
#include <string>

#include "bpflink/features.hpp"
#include "bpflink/info.hpp"
#include "netfilter_helpers.hpp"
#include "support/catch.hpp"

namespace bpflink {

namespace {

constexpr std::size_t payload = 4000;
constexpr std::size_t udp_header = 8;

struct headers {
  netfilter_family family;
  test::family sent;
  std::size_t size;  // of IP
};
constexpr headers both[] = {{netfilter_family::ipv4, test::family::ipv4, 20},
                            {netfilter_family::ipv6, test::family::ipv6, 40}};

netfilter_options pre_routing(netfilter_family family, program_ref program, bool defragment) {
  return {.family = family, .hook = netfilter_hook::pre_routing, .program = program, .defragment = defragment};
}

}  // namespace

TEST_CASE("netfilter: a program sees a datagram whole or in pieces", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_defragmentation()) return;
  for (const auto& [family, sent, header] : both) {
    INFO(to_string(family));
    test::netns_fixture().run([&, sent = sent, header = header, family = family] {
      limit_loopback(1500);
      {
        const measuring_program pieces;
        const auto link = attach(pre_routing(family, borrow(pieces.program), false));
        REQUIRE(sentence(link) == "");
        CHECK(exchange(sent, payload) == payload);
        CHECK(pieces.packets() == 3);
        CHECK(pieces.bytes() >= 3 * header + udp_header + payload);
      }
      const measuring_program whole;
      const auto link = attach(pre_routing(family, borrow(whole.program), true));
      REQUIRE(sentence(link) == "");
      if (test::at_least(6, 12)) CHECK(std::get<netfilter_info>(link->info()->details).defragment);
      CHECK(exchange(sent, payload) == payload);
      CHECK(whole.packets() == 1);
      CHECK(whole.bytes() == header + udp_header + payload);
    });
  }
}

TEST_CASE("netfilter: fragments come in pieces again once the link is detached", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_defragmentation()) return;
  test::netns_fixture().run([&] {
    limit_loopback(1500);
    const measuring_program other;
    const measuring_program whole;
    auto link = attach(pre_routing(netfilter_family::ipv4, borrow(whole.program), true));
    REQUIRE(sentence(link) == "");
    auto options = pre_routing(netfilter_family::ipv4, borrow(other.program), false);
    options.priority = netfilter_priority::filter + 1;
    const auto beside = attach(options);
    REQUIRE(sentence(beside) == "");
    // It is done for all that come later in the namespace.
    CHECK(exchange(test::family::ipv4, payload) == payload);
    CHECK(other.packets() == 1);
    CHECK(sentence(link->detach()) == "");
    CHECK(exchange(test::family::ipv4, payload) == payload);
    CHECK(other.packets() == 4);
    CHECK(whole.packets() == 1);
  });
}

}  // namespace bpflink
