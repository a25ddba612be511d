// SPDX-License-Identifier: MIT
#include <string>
#include <utility>
#include <vector>

#include "bpflink/info.hpp"
#include "sockmap_helpers.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

using ids = std::vector<std::uint32_t>;

std::uint32_t id_of(const test::counted_program& program) { return test::program_id(program.get()); }

}  // namespace

TEST_CASE("sockmap: a program is attached by the best mechanism, runs for new sockets, and stops", "[sockmap]") {
  SKIP_IF(test::needs_root());
  const auto type = GENERATE(as<std::uint32_t>{}, test::map_type::sockmap, test::map_type::sockhash);
  test::netns_fixture().run([&] {
    const auto map = socket_map(type);
    const auto first = load_verdict();
    const auto second = load_verdict();
    auto link = attach(at_map(map, borrow(first)));
    REQUIRE(sentence(link) == "");
    CHECK(link->mechanism() == best_sockmap_mechanism());
    CHECK(link->can_pin() == test::at_least(6, 10));
    CHECK(runs_for_new_socket(map, first) == 1);
    CHECK(test::allocations([&] { static_cast<void>(link->update(borrow(second))); }).value_or(0) == 0);
    CHECK(runs_for_new_socket(map, first) == 0);
    CHECK(runs_for_new_socket(map, second) == 1);
    CHECK(sentence(link->detach()) == "");
    CHECK(runs_for_new_socket(map, second) == 0);
    CHECK(link->update(borrow(first)).error() == errc::defunct);
    CHECK(sentence(link->close()) == "");

    auto again = attach(at_map(map, borrow(first)));
    REQUIRE(sentence(again) == "");
    CHECK(sentence(again->close()) == "");
    CHECK(runs_for_new_socket(map, first) == 0);
  });
}

TEST_CASE("sockmap: sockets in the map keep their program until they are taken out", "[sockmap]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto map = socket_map();
    const auto drop = load_verdict(sockmap_hook::msg_verdict, socket_drop);
    const auto pass = load_verdict();
    auto link = attach(at_map(map, borrow(drop)));
    REQUIRE(sentence(link) == "");
    const auto old = connect_pair();
    REQUIRE(put(map, 0, old.client) == 0);
    CHECK(send_text(old.client, "x") == EACCES);

    CHECK(sentence(link->update(borrow(pass))) == "");
    CHECK(send_text(old.client, "x") == EACCES);
    // Nor does it help to put it in again.
    CHECK(put(map, 1, old.client) != 0);
    CHECK(send_text(old.client, "x") == EACCES);
    const auto fresh = connect_pair();
    REQUIRE(put(map, 2, fresh.client) == 0);
    CHECK(send_text(fresh.client, "hello") == 0);
    CHECK(receive_text(fresh.server) == "hello");
    CHECK(pass.runs() == 1);

    CHECK(sentence(link->detach()) == "");
    CHECK(send_text(old.client, "x") == EACCES);
    CHECK(send_text(fresh.client, "x") == 0);
    CHECK(pass.runs() == 2);
    CHECK(sentence(link->close()) == "");
    CHECK(send_text(old.client, "x") == EACCES);

    const std::uint32_t key = 0;
    REQUIRE(test::map_delete(map.get(), &key) == 0);
    CHECK(send_text(old.client, "free") == 0);
    CHECK(receive_text(old.server) == "free");
  });
}

TEST_CASE("sockmap: a link keeps its map alive, and tells which it is", "[sockmap]") {
  SKIP_IF(test::needs_root());
  if (lacks_sockmap_links()) return;
  auto map = socket_map();
  const auto id = test::map_id(map.get());
  const auto program = load_verdict();
  const auto next = load_verdict();
  auto link = attach(at_map(map, borrow(program)));
  REQUIRE(sentence(link) == "");
  map.reset();
  CHECK(test::by_id(test::command::map_get_fd_by_id, id));
  CHECK(sentence(link->update(borrow(next))) == "");

  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(info->program == program_id{id_of(next)});
  const auto* const details = std::get_if<sockmap_info>(&info->details);
  REQUIRE(details != nullptr);
  CHECK(details->map == map_id{id});
  CHECK(details->hook == attach_type::sk_msg_verdict);
  CHECK(sentence(link->detach()) == "");
  CHECK(link->info()->defunct() == true);
  CHECK(test::eventually([id] { return !test::by_id(test::command::map_get_fd_by_id, id); }));
}

TEST_CASE("sockmap: what is attached can be asked", "[sockmap]") {
  SKIP_IF(test::needs_root());
  const auto map = socket_map();
  const sockmap_query here{.map = fd_ref{map.get()}, .hook = sockmap_hook::msg_verdict};
  if (!test::at_least(5, 18)) {
    const auto told = query(here);
    REQUIRE_FALSE(told);
    CHECK(told.error() == errc::not_supported);
    CHECK_THAT(told.error().message(), test::contains("5.18"));
    return;
  }
  const auto nobody = query(here);
  REQUIRE(sentence(nobody) == "");
  CHECK(nobody->empty());
  const auto program = load_verdict();
  const auto link = attach(at_map(map, borrow(program)));
  REQUIRE(sentence(link) == "");
  const auto told = query(here);
  REQUIRE(sentence(told) == "");
  REQUIRE(told->size() == 1);
  CHECK((*told)[0].program == program_id{id_of(program)});
  CHECK_FALSE((*told)[0].link);
  CHECK_FALSE(told->revision());
  CHECK_FALSE(told->mode());
  const auto parser = query(sockmap_query{.map = fd_ref{map.get()}, .hook = sockmap_hook::stream_parser});
  REQUIRE(sentence(parser) == "");
  CHECK(parser->empty());
}

TEST_CASE("sockmap: a program attached without a link stays, unless its eviction is allowed", "[sockmap]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 18, "queries of maps"));
  const auto map = socket_map();
  const auto theirs = load_verdict(sockmap_hook::msg_verdict, socket_pass, "theirs");
  const auto ours = load_verdict();
  const auto attach_theirs = [&] {
    REQUIRE(test::prog_attach({map.get(), theirs.get(), test::attach_type::sk_msg_verdict}) == 0);
  };
  attach_theirs();
  auto options = at_map(map, borrow(ours));
  const auto refused = attach(options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::busy);
  CHECK(refused.error().cause() == cause::would_evict);
  CHECK(refused.error().operation() == operation::none);
  CHECK_THAT(refused.error().message(),
             test::contains("program 'theirs' (id " + std::to_string(id_of(theirs)) +
                            ") is attached there without a link, and the kernel would throw it out; detach it, or "
                            "allow its eviction"));
  CHECK(programs_at(map) == ids{id_of(theirs)});
  const auto twice = attach(at_map(map, borrow(theirs)));
  REQUIRE_FALSE(twice);
  CHECK(twice.error() == errc::already_exists);
  CHECK(twice.error().cause() == cause::already_attached);

  options.eviction = eviction::allowed;
  auto link = attach(options);
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == best_sockmap_mechanism());
  CHECK(programs_at(map) == ids{id_of(ours)});
  CHECK(sentence(link->close()) == "");
  CHECK(programs_at(map).empty());
}

TEST_CASE("sockmap: hooks of a map are apart from each other", "[sockmap]") {
  SKIP_IF(test::needs_root());
  const auto map = socket_map();
  const auto parser = load_parser();
  const auto verdict = load_verdict(sockmap_hook::stream_verdict);
  const auto message = load_verdict();
  const auto first = attach(at_map(map, borrow(parser), sockmap_hook::stream_parser));
  const auto second = attach(at_map(map, borrow(verdict), sockmap_hook::stream_verdict));
  const auto third = attach(at_map(map, borrow(message)));
  CHECK(sentence(first) == "");
  CHECK(sentence(second) == "");
  CHECK(sentence(third) == "");
  if (!test::at_least(5, 18)) return;
  CHECK(programs_at(map, sockmap_hook::stream_parser) == ids{id_of(parser)});
  CHECK(programs_at(map, sockmap_hook::stream_verdict) == ids{id_of(verdict)});
  CHECK(programs_at(map) == ids{id_of(message)});
}

TEST_CASE("sockmap: one question and one call, and none where eviction is allowed", "[sockmap]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (lacks_sockmap_links()) return;
  CHECK(test::in_child([] {
          const auto map = socket_map();
          const auto program = load_verdict();
          auto options = at_map(map, borrow(program));
          const auto allocated = test::allocations([&] { static_cast<void>(attach(options)); });
          test::expect(allocated.value_or(0) == 0, "memory was asked for");
          test::syscall_supervisor supervisor;
          test::expect_equal(test::names(supervisor.record_calls([&] { static_cast<void>(attach(options)); })),
                             "bpf(16) bpf(28) close");
          options.eviction = eviction::allowed;
          test::expect_equal(test::names(supervisor.record_calls([&] { static_cast<void>(attach(options)); })),
                             "bpf(28) close");
        }).failure() == "");
}

}  // namespace bpflink
