// SPDX-License-Identifier: MIT
// Verdicts, seen: what is redirected arrives elsewhere, what is dropped nowhere.
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "sockmap_helpers.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/reception.hpp"
#include "support/seccomp.hpp"
#include "support/traffic.hpp"

namespace bpflink {

namespace {

struct map_sort {
  std::uint32_t type;
  bool hash;
};
constexpr map_sort both[] = {{test::map_type::sockmap, false}, {test::map_type::sockhash, true}};

// These ends of two connections are in the map: what is sent by the one leaves by the other, and does not go on where
// it was going.
void check_redirected(const test::fd& map, test::fd connection::*held, test::fd connection::*out) {
  const auto from = connect_pair();
  const auto to = connect_pair();
  REQUIRE(put(map, 0, from.*held) == 0);
  REQUIRE(put(map, 1, to.*held) == 0);
  CHECK(send_text(from.client, "elsewhere") == 0);
  CHECK(receive_text(to.*out) == "elsewhere");
  CHECK(receive_rest(from) == "");
}

// Connections come into a map, and through, while programs come and go.
void check_traffic(mechanism by) {
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
  bool by_mechanism = true;
  for (int round = 0; round < 8 && failed.empty(); ++round) {
    auto link = attach(at_map(map, borrow(first)));
    failed += sentence(link);
    if (!link) break;
    by_mechanism = link->mechanism() == by && by_mechanism;
    all_ran = runs(first) && all_ran;
    failed += sentence(link->update(borrow(second), borrow(first)));
    all_ran = runs(second) && all_ran;
    failed += sentence(round % 2 == 0 ? link->detach() : link->close());
  }
  ends = true;
  traffic.join();
  CHECK(failed == "");
  CHECK(by_mechanism);
  CHECK(all_ran);
  CHECK(arrived >= 16);
  CHECK(lost == 0);
}

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
    CHECK(receive_rest(dropped) == "");
    CHECK(drop.runs() == 1);

    CHECK(sentence(link->update(borrow(redirect))) == "");
    check_redirected(map, &connection::client, &connection::server);
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
    check_redirected(map, &connection::server, &connection::client);
    const auto parsed = parser.runs();
    CHECK(parsed > 0);

    CHECK(sentence(judging->close()) == "");
    CHECK(sentence(parsing->close()) == "");
    const auto after = connect_pair();
    REQUIRE(put(map, 2, after.server) == 0);
    CHECK(send_text(after.client, "straight on") == 0);
    CHECK(receive_text(after.server) == "straight on");
    CHECK(parser.runs() == parsed);
  });
}

TEST_CASE("sockmap: a parser runs as long as it is attached, whatever the verdict", "[sockmap]") {
  SKIP_IF(test::needs_root());
  const auto sort = GENERATE(from_range(std::begin(both), std::end(both)));
  test::netns_fixture().run([&] {
    const auto map = socket_map(sort.type);
    const auto parser = load_parser();
    const auto verdict = load_verdict(sockmap_hook::stream_verdict);
    auto judging = attach(at_map(map, borrow(verdict), sockmap_hook::stream_verdict));
    REQUIRE(sentence(judging) == "");
    // Sockets keep the programs of when they were put in: a connection for each.
    const auto passes = [&map](std::uint32_t key) {
      const auto pair = connect_pair();
      REQUIRE(put(map, key, pair.server) == 0);
      CHECK(send_text(pair.client, "passes") == 0);
      CHECK(receive_text(pair.server) == "passes");
    };
    auto parsing = attach(at_map(map, borrow(parser), sockmap_hook::stream_parser));
    REQUIRE(sentence(parsing) == "");
    passes(0);
    const auto parsed = parser.runs();
    CHECK(parsed > 0);
    CHECK(verdict.runs() > 0);
    CHECK(sentence(parsing->close()) == "");
    passes(1);
    CHECK(parser.runs() == parsed);
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
    // What is dropped is dropped while it is received; what passes may wait for a worker.
    const auto receives = [&map](std::uint32_t key, double seconds = test::patience) {
      test::udp_pair pair;
      const auto number = static_cast<std::uint32_t>(pair.receiver());
      REQUIRE(test::map_update(map.get(), &key, &number) == 0);
      test::until_received([&] { CHECK(pair.send() == 0); });
      return pair.receive(seconds);
    };
    CHECK_FALSE(receives(0, 0));
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
  check_traffic(best_sockmap_mechanism());
}

TEST_CASE("sockmap: without links, attached, updated and detached while traffic runs", "[sockmap]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  const auto result =
      test::on_old_kernel("old-sockmap-traffic", [] { test::refuse_bpf({test::command::link_create}); });
  CHECK(result.failure() == "");
}

TEST_CASE("old sockmap: attached, updated and detached while traffic runs", "[.][old-sockmap-traffic]") {
  check_traffic(mechanism::program_exclusive);
}

}  // namespace bpflink
