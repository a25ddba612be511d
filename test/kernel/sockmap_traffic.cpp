// SPDX-License-Identifier: MIT
// Verdicts, seen: what is redirected arrives elsewhere, what is dropped nowhere.
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "sockmap_helpers.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/traffic.hpp"

namespace bpflink {

namespace {

struct map_sort {
  std::uint32_t type;
  bool hash;
};
constexpr map_sort both[] = {{test::map_type::sockmap, false}, {test::map_type::sockhash, true}};

}  // namespace

TEST_CASE("sockmap: a message verdict drops, and redirects what is sent", "[sockmap]") {
  SKIP_IF(test::needs_root());
  const auto sort = GENERATE(from_range(std::begin(both), std::end(both)));
  test::netns_fixture().run([&] {
    const auto map = socket_map(sort.type);
    const auto drop = load_verdict(sockmap_hook::msg_verdict, socket_drop);
    const auto redirect = load_redirect(sockmap_hook::msg_verdict, map, 1, sort.hash);
    auto link = attach(at_map(map, borrow(drop)));
    REQUIRE(sentence(link) == "");
    const auto dropped = connect_pair();
    REQUIRE(put(map, 0, dropped.client) == 0);
    CHECK(send_text(dropped.client, "dropped") == EACCES);
    CHECK(receive_text(dropped.server, shortly) == "");
    CHECK(drop.runs() == 1);

    CHECK(sentence(link->update(borrow(redirect))) == "");
    const auto from = connect_pair();
    const auto other = connect_pair();
    REQUIRE(put(map, 0, from.client) == 0);
    REQUIRE(put(map, 1, other.client) == 0);
    CHECK(send_text(from.client, "elsewhere") == 0);
    CHECK(receive_text(other.server) == "elsewhere");
    CHECK(receive_text(from.server, shortly) == "");
  });
}

TEST_CASE("sockmap: a stream verdict redirects what is received, behind a parser", "[sockmap]") {
  SKIP_IF(test::needs_root());
  const auto sort = GENERATE(from_range(std::begin(both), std::end(both)));
  test::netns_fixture().run([&] {
    const auto map = socket_map(sort.type);
    const auto parser = load_parser();
    const auto redirect = load_redirect(sockmap_hook::stream_verdict, map, 1, sort.hash);
    auto parsing = attach(at_map(map, borrow(parser), sockmap_hook::stream_parser));
    REQUIRE(sentence(parsing) == "");
    auto judging = attach(at_map(map, borrow(redirect), sockmap_hook::stream_verdict));
    REQUIRE(sentence(judging) == "");
    // What arrives at the one's server leaves by the other's.
    const auto from = connect_pair();
    const auto to = connect_pair();
    REQUIRE(put(map, 0, from.server) == 0);
    REQUIRE(put(map, 1, to.server) == 0);
    CHECK(send_text(from.client, "through the kernel") == 0);
    CHECK(receive_text(to.client) == "through the kernel");
    CHECK(receive_text(from.server, shortly) == "");

    CHECK(sentence(judging->close()) == "");
    CHECK(sentence(parsing->close()) == "");
    const auto after = connect_pair();
    REQUIRE(put(map, 2, after.server) == 0);
    CHECK(send_text(after.client, "straight on") == 0);
    CHECK(receive_text(after.server) == "straight on");
  });
}

TEST_CASE("sockmap: an skb verdict judges datagrams, too", "[sockmap]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto map = socket_map();
    const auto drop = load_verdict(sockmap_hook::skb_verdict, socket_drop);
    const auto pass = load_verdict(sockmap_hook::skb_verdict);
    auto link = attach(at_map(map, borrow(drop), sockmap_hook::skb_verdict));
    if (!test::at_least(5, 13)) {
      REQUIRE_FALSE(link);
      CHECK(link.error() == errc::not_supported);
      CHECK_THAT(link.error().message(), test::contains("5.13"));
      return;
    }
    REQUIRE(sentence(link) == "");
    const auto receives = [&map](std::uint32_t key) {
      test::udp_pair pair;
      const auto number = static_cast<std::uint32_t>(pair.receiver());
      REQUIRE(test::map_update(map.get(), &key, &number) == 0);
      CHECK(pair.send() == 0);
      return pair.receive(key == 0 ? shortly : 2);
    };
    CHECK_FALSE(receives(0));
    CHECK(drop.runs() == 1);
    CHECK(sentence(link->update(borrow(pass))) == "");
    CHECK(receives(1));
    CHECK(pass.runs() == 1);
    CHECK(sentence(link->detach()) == "");
    CHECK(receives(2));
    CHECK(pass.runs() == 1);
    CHECK(drop.runs() == 1);
  });
}

TEST_CASE("sockmap: attached, updated and detached while traffic runs", "[sockmap]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture netns;
  const auto map = socket_map();
  const auto first = load_verdict();
  const auto second = load_verdict();
  std::atomic<bool> ends = false;
  std::atomic<unsigned> arrived = 0;
  std::atomic<unsigned> lost = 0;
  std::thread traffic([&] {
    netns.run([&] {
      while (!ends) {
        const auto pair = connect_pair();
        const bool through = put(map, arrived % 4, pair.client) == 0 && send_text(pair.client, "data") == 0 &&
                             receive_text(pair.server) == "data";
        ++(through ? arrived : lost);
      }
    });
  });
  // Each is attached for as long as it takes a connection to come by.
  const auto runs = [](const test::counted_program& program) {
    const auto before = program.runs();
    return test::eventually([&] { return program.runs() > before; });
  };
  std::string failed;
  bool all_ran = true;
  for (int round = 0; round < 8 && failed.empty(); ++round) {
    auto link = attach(at_map(map, borrow(first)));
    failed += sentence(link);
    if (!link) break;
    all_ran = runs(first) && all_ran;
    failed += sentence(link->update(borrow(second), borrow(first)));
    all_ran = runs(second) && all_ran;
    failed += sentence(round % 2 == 0 ? link->detach() : link->close());
  }
  ends = true;
  traffic.join();
  CHECK(failed == "");
  CHECK(all_ran);
  CHECK(arrived >= 16);
  CHECK(lost == 0);
}

}  // namespace bpflink
