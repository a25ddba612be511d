// SPDX-License-Identifier: MIT
// Programs that choose among the listening sockets that share a TCP port.
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "reuseport_helpers.hpp"
#include "socket_helpers.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"

namespace bpflink {

namespace {

constexpr int connections = 16;

// Two listeners with one port.
struct listening_pair {
  explicit listening_pair(test::family which) : family{which} {
    for (auto* const socket : {&first, &second}) {
      *socket = test::must(test::make_socket(family, SOCK_STREAM), "making a socket");
      if (const int error = set_option(*socket, SO_REUSEPORT, 1); error != 0) test::throw_error(error, "sharing");
      const test::loopback address(family, port);
      if (::bind(socket->get(), address.get(), address.size()) != 0) test::throw_error(errno, "binding");
      if (::listen(socket->get(), 64) != 0) test::throw_error(errno, "listening");
      port = test::own_port(socket->get());
    }
  }
  // By as many clients; how many of them came to the second listener. All have to come.
  [[nodiscard]] int to_second() const {
    std::vector<test::fd> clients;
    int there = 0;
    for (int count = 0; count < connections; ++count) {
      clients.push_back(test::must(test::make_socket(family, SOCK_STREAM), "making a client"));
      CHECK(test::connect_to(clients.back().get(), test::loopback{family, port}, 5) == 0);
      const auto came_to = accepted();
      REQUIRE(came_to);
      there += *came_to;
    }
    return there;
  }
  // Which of them, 0 or 1, has a connection, which is taken off; nothing where none comes.
  [[nodiscard]] std::optional<int> accepted() const {
    pollfd both[] = {{first.get(), POLLIN, 0}, {second.get(), POLLIN, 0}};
    if (::poll(both, 2, 5000) <= 0) return std::nullopt;
    const int which = (both[1].revents & POLLIN) != 0 ? 1 : 0;
    const test::fd connection(::accept4(both[which].fd, nullptr, nullptr, SOCK_CLOEXEC));
    return connection ? std::optional{which} : std::nullopt;
  }
  [[nodiscard]] reuseport_options with(program_ref program) const {
    return {.socket = fd_ref{first.get()}, .program = program};
  }

  test::family family;
  test::fd first;
  test::fd second;
  std::uint16_t port = 0;
};

bool spread(int to_second) { return to_second > 0 && to_second < connections; }

}  // namespace

TEST_CASE("socket: a selection among TCP listeners decides who accepts, until it is taken away", "[socket]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    for (const auto family : {test::family::ipv4, test::family::ipv6}) {
      INFO((family == test::family::ipv4 ? "IPv4" : "IPv6"));
      const listening_pair sockets{family};
      CHECK(spread(sockets.to_second()));
      const selecting_program second{sockets.second};
      auto selection = attach(sockets.with(borrow(second.program)));
      REQUIRE(sentence(selection) == "");
      CHECK(sockets.to_second() == connections);
      const auto first = load_filter(0);
      CHECK(sentence(selection->update(borrow(first))) == "");
      CHECK(sockets.to_second() == 0);
      CHECK(first.runs() == connections);
      if (!test::at_least(5, 3)) return;
      CHECK(sentence(selection->close()) == "");
      CHECK(spread(sockets.to_second()));
      CHECK(first.runs() == connections);
    }
  });
}

TEST_CASE("socket: a listener that has a selection may be bound later", "[socket]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const auto chosen = load_filter(0);
    const auto socket = test::must(test::make_socket(test::family::ipv4, SOCK_STREAM), "making a socket");
    REQUIRE(set_option(socket, SO_REUSEPORT, 1) == 0);
    auto selection = attach(reuseport_options{.socket = fd_ref{socket.get()}, .program = borrow(chosen)});
    REQUIRE(sentence(selection) == "");
    REQUIRE(test::bind_loopback(socket.get(), test::family::ipv4) == 0);
    REQUIRE(::listen(socket.get(), 1) == 0);
    CHECK(test::tcp_connect(test::own_port(socket.get())) == 0);
    CHECK(chosen.runs() == 1);
    if (test::at_least(5, 3)) CHECK(sentence(selection->close()) == "");
  });
}

TEST_CASE("socket: a selection is attached, swapped and taken away while clients connect", "[socket]") {
  SKIP_IF(test::needs_root());
  test::netns_fixture().run([] {
    const listening_pair sockets{test::family::ipv4};
    const auto first = load_filter(0);
    const auto second = load_filter(1);
    std::atomic<bool> stop{false};
    std::atomic<int> refused{0};
    std::atomic<int> served{0};
    std::thread clients([&] {
      while (!stop) {
        const bool connected = test::tcp_connect(sockets.port) == 0 && sockets.accepted();
        ++(connected ? served : refused);
      }
    });
    std::string failed;
    const auto runs = [&](const test::counted_program& program) {
      const auto before = program.runs();
      if (failed.empty() && !test::eventually([&] { return program.runs() > before; })) failed = "it does not run";
    };
    for (int round = 0; failed.empty() && round < 10; ++round) {
      auto selection = attach(sockets.with(borrow(first)));
      failed = sentence(selection);
      if (!selection) break;
      runs(first);
      if (failed.empty()) failed = sentence(selection->update(borrow(second)));
      runs(second);
      if (!test::at_least(5, 3)) break;
      if (failed.empty()) failed = sentence(selection->close());
    }
    stop = true;
    clients.join();
    CHECK(failed == "");
    CHECK(refused == 0);
    CHECK(served > 0);
  });
}

}  // namespace bpflink
