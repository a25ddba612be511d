// SPDX-License-Identifier: MIT
// Tables of functions, tried with a TCP congestion control: who asks for it by name gets it, and its functions run.
#include "bpflink/attach/struct_ops.hpp"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "child_helpers.hpp"
#include "struct_ops_helpers.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/congestion_control.hpp"
#include "support/netns_fixture.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

using std::chrono::milliseconds;

map_ref of(const test::fd& map) { return fd_ref{map.get()}; }

// In a namespace of its own: setsockopt's answer, then the transfer's.
int choose(const test::netns_fixture& netns, const std::string& name) {
  int answer = -1;
  netns.run([&] { answer = test::choose_congestion_control(name); });
  return answer;
}
int transfer(const test::netns_fixture& netns, const std::string& name) {
  int answer = -1;
  netns.run([&] { answer = test::send_with(name); });
  return answer;
}

}  // namespace

TEST_CASE("struct_ops: a congestion control can be chosen and runs until its link is closed", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const test::netns_fixture netns;
  const test::congestion_control control;
  auto map = control.filled_map();
  CHECK(choose(netns, control.name()) == ENOENT);

  auto link = attach(struct_ops_options{.map = of(map)});
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == mechanism::link);
  CHECK(choose(netns, control.name()) == 0);
  CHECK(transfer(netns, control.name()) == 0);
  CHECK(control.runs() > 0);

  // The link holds the map: nobody else needs to.
  const auto id = test::map_id(map.get());
  map.reset();
  CHECK(transfer(netns, control.name()) == 0);
  CHECK(static_cast<bool>(test::by_id(test::command::map_get_fd_by_id, id)));

  CHECK(sentence(link->close()) == "");
  const auto before = control.runs();
  CHECK(choose(netns, control.name()) == ENOENT);
  CHECK(transfer(netns, control.name()) == ENOENT);
  CHECK(control.runs() == before);
  CHECK(test::eventually([id] { return !test::by_id(test::command::map_get_fd_by_id, id); }));
}

TEST_CASE("struct_ops: attach fills a map with the value that it is given", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const test::netns_fixture netns;
  const test::congestion_control control;
  const auto map = test::congestion_control::empty_map();
  for (const auto choice : {mechanism_choice::best, mechanism_choice::link_only}) {
    const auto fresh = test::congestion_control::empty_map();
    const auto link = attach(struct_ops_options{.map = of(fresh), .value = control.value(), .mechanism = choice});
    REQUIRE(sentence(link) == "");
    CHECK(link->mechanism() == mechanism::link);
    CHECK(transfer(netns, control.name()) == 0);
  }
  CHECK(control.runs() > 0);
  CHECK(choose(netns, control.name()) == ENOENT);
}

TEST_CASE("struct_ops: a map can be linked again after its link is gone", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const test::netns_fixture netns;
  const test::congestion_control control;
  const auto map = control.filled_map();
  for (int times = 0; times < 2; ++times) {
    auto link = attach(struct_ops_options{.map = of(map)});
    REQUIRE(sentence(link) == "");
    CHECK(transfer(netns, control.name()) == 0);
    if (test::at_least(6, 11)) CHECK(sentence(link->detach()) == "");
  }
}

TEST_CASE("struct_ops: a connection keeps what it chose, and an update is for those that come", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const test::netns_fixture netns;
  const auto name = test::unique_control_name();
  const test::congestion_control first{name};
  const test::congestion_control second{name};
  const auto first_map = first.filled_map();
  const auto second_map = second.filled_map();
  auto link = attach(struct_ops_options{.map = of(first_map)});
  REQUIRE(sentence(link) == "");
  CHECK(transfer(netns, name) == 0);
  CHECK(first.runs() > 0);

  CHECK(sentence(link->update(of(second_map), of(first_map))) == "");
  const auto before = first.runs();
  CHECK(transfer(netns, name) == 0);
  CHECK(second.runs() > 0);
  CHECK(first.runs() == before);
  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(std::get<struct_ops_info>(info->details).map == map_id{test::map_id(second_map.get())});
}

TEST_CASE("struct_ops: the map that a link has already is no error and no system call", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  SKIP_IF(test::needs_supervisor());
  const test::congestion_control control;
  const auto map = control.filled_map();
  const auto same = test::fd(::fcntl(map.get(), F_DUPFD_CLOEXEC, 3));
  const auto other = control.filled_map();
  auto link = attach(struct_ops_options{.map = of(map)});
  REQUIRE(sentence(link) == "");
  const auto result = test::in_child([&] {
    test::syscall_supervisor supervisor;
    // Never to the kernel, which has no answer to it but a broken list.
    const auto handler = [](const test::observed_call& call) {
      return call.command() == test::command::link_update ? test::verdict::fail(EIO) : test::verdict::proceed();
    };
    std::vector<std::string> answers;
    answers.reserve(8);
    supervisor.with_handler(handler, [&] {
      answers.push_back(sentence(link->update(of(map))));
      answers.push_back(sentence(link->update(of(same))));
      answers.push_back(sentence(link->update(of(same), of(map))));
    });
    for (const auto& answer : answers) expect_equal(answer, "");
    std::optional<expected<void>> refused;
    supervisor.with_handler(handler, [&] { refused.emplace(link->update(of(same), of(other))); });
    expect(!*refused && refused->error() == errc::conflict && refused->error().operation() == operation::none,
           sentence(*refused));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("struct_ops: a link says that it was detached, and when", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const test::congestion_control control;
  const auto map = control.filled_map();
  auto link = attach(struct_ops_options{.map = of(map)});
  REQUIRE(sentence(link) == "");
  CHECK(link->detached() == false);
  if (!test::at_least(6, 11)) {
    const auto refused = link->wait_detached(milliseconds{0});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::not_supported);
    CHECK(refused.error().cause() == cause::missing_feature);
    CHECK(link->detach().error() == errc::not_supported);
    return;
  }
  CHECK(link->wait_detached(milliseconds{0}) == false);
  CHECK(link->wait_detached(milliseconds{5}) == false);

  auto second = struct_ops_link::adopt(unique_fd::adopt(::fcntl(link->fd().get(), F_DUPFD_CLOEXEC, 3)));
  REQUIRE(sentence(second) == "");
  std::optional<expected<bool>> heard;
  std::thread listener{[&] { heard.emplace(link->wait_detached(milliseconds{-1})); }};
  CHECK(sentence(second->detach()) == "");
  listener.join();
  CHECK(sentence(*heard) == "");
  CHECK(*heard == true);
  CHECK(link->detached() == true);
  CHECK(link->wait_detached(milliseconds::max()) == true);
  CHECK(link->info()->defunct() == true);

  CHECK(sentence(link->close()) == "");
  CHECK(link->detached().error() == errc::bad_handle);
  CHECK(link->wait_detached(milliseconds{0}).error() == errc::bad_handle);
}

TEST_CASE("struct_ops: a map without BPF_F_LINK is registered by its value until it is closed", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  const test::netns_fixture netns;
  const test::congestion_control control;
  auto map = test::congestion_control::empty_map(false);
  auto link = attach(struct_ops_options{.map = of(map), .value = control.value()});
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == mechanism::map_update);
  CHECK_FALSE(link->can_pin());
  CHECK_FALSE(link->fd());
  // The handle has a descriptor of its own.
  map.reset();
  CHECK(transfer(netns, control.name()) == 0);
  CHECK(control.runs() > 0);

  const auto missing = [](const auto& answer) {
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == errc::not_supported);
    CHECK(answer.error().cause() == cause::no_such_operation);
    CHECK(answer.error().operation() == operation::none);
  };
  const auto other = test::congestion_control::empty_map(false);
  missing(link->info());
  missing(link->pin("/nowhere"));
  missing(link->update(of(other)));
  missing(link->detached());
  missing(link->wait_detached(milliseconds{0}));

  SECTION("closed") { CHECK(sentence(link->close()) == ""); }
  SECTION("detached, which is no error twice") {
    CHECK(sentence(link->detach()) == "");
    CHECK(sentence(link->detach()) == "");
    CHECK(choose(netns, control.name()) == ENOENT);
    CHECK(sentence(link->close()) == "");
  }
  SECTION("destroyed") { const link_handle last = *std::move(link); }
  CHECK(choose(netns, control.name()) == ENOENT);
}

TEST_CASE("struct_ops: what was registered by its value stays when it is released", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  const test::netns_fixture netns;
  const test::congestion_control control;
  const auto map = test::congestion_control::empty_map(false);
  auto link = attach(struct_ops_options{.map = of(map), .value = control.value()});
  REQUIRE(sentence(link) == "");
  CHECK_FALSE(std::move(*link).release());
  CHECK(choose(netns, control.name()) == 0);
  const std::uint32_t key = 0;
  CHECK(test::map_delete(map.get(), &key) == 0);
  CHECK(choose(netns, control.name()) == ENOENT);
}

TEST_CASE("struct_ops: who was unregistered by somebody else hears of it at the end", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  const test::congestion_control control;
  const auto map = test::congestion_control::empty_map(false);
  auto link = attach(struct_ops_options{.map = of(map), .value = control.value()});
  REQUIRE(sentence(link) == "");
  const std::uint32_t key = 0;
  REQUIRE(test::map_delete(map.get(), &key) == 0);
  const auto refused = link->close();
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::not_found);
  CHECK(refused.error().cause() == cause::not_attached);
  CHECK(refused.error().sys_errno() == EINPROGRESS);
  CHECK(refused.error().operation() == operation::map_delete);
  CHECK_FALSE(*link);
}

}  // namespace bpflink
