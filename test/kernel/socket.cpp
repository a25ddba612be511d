// SPDX-License-Identifier: MIT
#include "bpflink/attach/socket.hpp"

#include <sys/syscall.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bpflink/link.hpp"
#include "socket_helpers.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/traffic.hpp"

namespace bpflink {

namespace {

socket_filter_options on(const test::fd& socket, const test::counted_program& program) {
  return {.socket = fd_ref{socket.get()}, .program = borrow(program)};
}

// Whether a UDP port of loopback is free.
bool port_is_free(std::uint16_t port) {
  const auto socket = test::make_socket(test::family::ipv4, SOCK_DGRAM);
  const test::loopback address(test::family::ipv4, port);
  return ::bind(socket.get(), address.get(), address.size()) == 0;
}

}  // namespace

TEST_CASE("socket: what a filter drops does not arrive, until it is detached, closed or destroyed", "[socket]") {
  SKIP_IF(test::needs_root());
  const unix_pair sockets;
  const auto drop = load_filter();
  REQUIRE(sockets.passes());
  auto filter = attach(on(sockets.receiver, drop));
  REQUIRE(sentence(filter) == "");
  CHECK(filter->mechanism() == mechanism::socket_option);
  CHECK_FALSE(sockets.passes());
  CHECK(drop.runs() == 1);
  CHECK(sentence(filter->detach()) == "");
  CHECK(sockets.passes());
  CHECK(sentence(filter->detach()) == "");
  CHECK(filter->update(borrow(drop)).error() == errc::defunct);
  CHECK(sentence(filter->close()) == "");
  CHECK_FALSE(*filter);
  CHECK(filter->close().error() == errc::bad_handle);

  auto second = attach(on(sockets.receiver, drop));
  REQUIRE(sentence(second) == "");
  CHECK_FALSE(sockets.passes());
  CHECK(sentence(second->close()) == "");
  CHECK(sockets.passes());
  {
    const auto third = attach(on(sockets.receiver, drop));
    REQUIRE(sentence(third) == "");
    CHECK_FALSE(sockets.passes());
  }
  CHECK(sockets.passes());
  CHECK(filter_of(sockets.receiver) == 0);
  CHECK(drop.runs() == 3);
}

TEST_CASE("socket: a filter of a UDP socket", "[socket]") {
  SKIP_IF(test::needs_root());
  for (const auto family : {test::family::ipv4, test::family::ipv6}) {
    test::udp_pair sockets{family};
    const auto drop = load_filter();
    auto filter = attach(socket_filter_options{.socket = fd_ref{sockets.receiver()}, .program = borrow(drop)});
    REQUIRE(sentence(filter) == "");
    CHECK(sockets.send() == 0);
    CHECK_FALSE(sockets.arrives());
    CHECK(drop.runs() == 1);
    CHECK(sentence(filter->close()) == "");
    CHECK(sockets.send() == 0);
    CHECK(sockets.receive());
    CHECK(drop.runs() == 1);
  }
}

TEST_CASE("socket: update swaps the program while packets come", "[socket]") {
  SKIP_IF(test::needs_root());
  const unix_pair sockets;
  const auto first = load_filter(filter_drop, "first");
  const auto second = load_filter(filter_drop, "second");
  auto filter = attach(on(sockets.receiver, first));
  REQUIRE(sentence(filter) == "");
  std::atomic<bool> stop{false};
  std::atomic<int> passed{0};
  std::thread sender([&] {
    while (!stop) passed += sockets.passes() ? 1 : 0;
  });
  bool worked = true;
  for (int again = 0; again < 100; ++again) {
    for (const auto* next : {&second, &first}) worked = worked && filter->update(borrow(*next)).has_value();
  }
  bool ran = true;
  for (const auto* next : {&second, &first}) {
    worked = worked && filter->update(borrow(*next)).has_value();
    const auto seen = next->runs();
    ran = ran && test::eventually([&] { return next->runs() > seen; });
  }
  stop = true;
  sender.join();
  CHECK(worked);
  CHECK(ran);
  CHECK(passed == 0);
  const auto keep = load_filter(filter_keep);
  CHECK(sentence(filter->update(borrow(keep))) == "");
  CHECK(sockets.passes());
  CHECK(keep.runs() == 1);
}

TEST_CASE("socket: released, the filter stays with its socket", "[socket]") {
  SKIP_IF(test::needs_root());
  const unix_pair sockets;
  const auto drop = load_filter();
  auto filter = attach(on(sockets.receiver, drop));
  REQUIRE(sentence(filter) == "");
  std::move(*filter).release();
  CHECK_FALSE(*filter);
  CHECK_FALSE(sockets.passes());
  CHECK(has_program(sockets.receiver));
}

TEST_CASE("socket: the handle holds the socket, and a released one does not", "[socket]") {
  SKIP_IF(test::needs_root());
  const auto keep = load_filter(filter_keep);
  for (const bool release : {false, true}) {
    auto socket = test::make_socket(test::family::ipv4, SOCK_DGRAM);
    REQUIRE(test::bind_loopback(socket.get(), test::family::ipv4) == 0);
    const auto port = test::own_port(socket.get());
    auto filter = attach(on(socket, keep));
    REQUIRE(sentence(filter) == "");
    if (release) std::move(*filter).release();
    socket.reset();
    CHECK(port_is_free(port) == release);
    if (!release) CHECK(sentence(filter->close()) == "");
    CHECK(port_is_free(port));
  }
}

TEST_CASE("socket: a filter that is there is replaced only where that is asked for", "[socket]") {
  SKIP_IF(test::needs_root());
  const unix_pair sockets;
  const auto keep = load_filter(filter_keep);
  const auto drop = load_filter();
  auto options = on(sockets.receiver, drop);
  const auto refused = [&](const std::string& words) {
    const auto filter = attach(options);
    REQUIRE_FALSE(filter);
    CHECK(filter.error() == errc::busy);
    CHECK(filter.error().cause() == cause::slot_taken);
    CHECK(filter.error().sys_errno() == 0);
    CHECK_THAT(filter.error().message(), test::contains(words) && test::contains("replace"));
    CHECK(sockets.passes());
  };
  REQUIRE(set_classic_filter(sockets.receiver) == 0);
  refused("has a classic filter");
  REQUIRE(set_option(sockets.receiver, SO_DETACH_FILTER, 0) == 0);
  const auto other = attach(on(sockets.receiver, keep));
  REQUIRE(sentence(other) == "");
  refused("has a program, which the kernel does not name");

  options.replace = true;
  auto filter = attach(options);
  REQUIRE(sentence(filter) == "");
  CHECK_FALSE(sockets.passes());
  CHECK(sentence(filter->close()) == "");
  CHECK(filter_of(sockets.receiver) == 0);
}

TEST_CASE("socket: in a handle of any kind it offers what there is, and no more", "[socket]") {
  SKIP_IF(test::needs_root());
  const unix_pair sockets;
  const auto drop = load_filter();
  const auto keep = load_filter(filter_keep);
  auto filter = attach(on(sockets.receiver, drop));
  REQUIRE(sentence(filter) == "");
  std::vector<link_handle> all;
  all.push_back(*std::move(filter));
  auto& handle = all.front();
  CHECK_FALSE(*filter);
  CHECK(handle.type() == link_type::unspecified);
  CHECK(handle.mechanism() == mechanism::socket_option);
  CHECK(handle.can_update());
  CHECK(handle.can_detach());
  CHECK_FALSE(handle.can_pin());
  CHECK_FALSE(handle.fd());
  CHECK_FALSE(sockets.passes());
  CHECK(handle.pin("/sys/fs/bpf/none").error().cause() == cause::no_such_operation);
  CHECK(handle.info().error() == errc::not_supported);
  const auto compared = handle.update(borrow(keep), borrow(drop));
  REQUIRE_FALSE(compared);
  CHECK(compared.error() == errc::not_supported);
  CHECK(compared.error().cause() == cause::no_such_operation);
  CHECK(compared.error().operation() == operation::none);
  CHECK_THAT(compared.error().message(), test::contains("does not tell which program"));
  CHECK_FALSE(sockets.passes());
  CHECK(sentence(handle.update(borrow(keep))) == "");
  CHECK(sockets.passes());
  CHECK(sentence(handle.update(borrow(drop))) == "");
  CHECK_FALSE(std::move(handle).release());
  all.clear();
  CHECK_FALSE(sockets.passes());
}

TEST_CASE("socket: what each operation asks of the kernel", "[socket]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_root());
  const auto result = test::in_child([] {
    const unix_pair sockets;
    const auto program = load_filter();
    auto options = on(sockets.receiver, program);
    test::syscall_supervisor supervisor;
    const auto expect_options = [](const std::vector<test::system_call>& calls, std::vector<int> wanted) {
      std::vector<int> seen;
      for (const auto& call : calls) {
        if (call.number != SYS_getsockopt && call.number != SYS_setsockopt) continue;
        test::expect_equal(static_cast<int>(call.arguments[1]), SOL_SOCKET, "level");
        seen.push_back(static_cast<int>(call.arguments[2]));
      }
      test::expect(seen == wanted, "options of " + test::names(calls));
    };
    std::optional<expected<socket_filter>> filter;
    auto calls = supervisor.record_calls([&] { filter.emplace(attach(options)); });
    test::expect(filter->has_value());
    test::expect_equal(static_cast<int>(calls.size()), 3, test::names(calls));
    expect_options(calls, {SO_GET_FILTER, SO_ATTACH_BPF});
    calls = supervisor.record_calls([&] { test::expect((*filter)->update(borrow(program)).has_value()); });
    expect_options(calls, {SO_GET_FILTER, SO_ATTACH_BPF});
    calls = supervisor.record_calls([&] { test::expect((*filter)->close().has_value()); });
    test::expect_equal(static_cast<int>(calls.size()), 3, test::names(calls));
    expect_options(calls, {SO_GET_FILTER, SO_DETACH_BPF});

    options.replace = true;
    calls = supervisor.record_calls([&] { filter.emplace(attach(options)); });
    expect_options(calls, {SO_ATTACH_BPF});
    calls = supervisor.record_calls([&] { std::move(**filter).release(); });
    test::expect_equal(test::names(calls), "close");
    const auto allocated = test::allocations([&] { test::expect(attach(options).has_value()); });
    test::expect_equal(static_cast<std::int64_t>(allocated.value_or(0)), 0, "allocations");
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
