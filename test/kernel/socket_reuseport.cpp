// SPDX-License-Identifier: MIT
// Programs that choose among the sockets that share a port.
#include <sys/syscall.h>

#include <cerrno>
#include <string>
#include <utility>

#include "reuseport_helpers.hpp"
#include "socket_helpers.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/seccomp.hpp"

namespace bpflink {

namespace {

constexpr int datagrams = 32;

// Two UDP sockets with one port.
struct sharing_pair {
  sharing_pair() {
    for (auto* const socket : {&first, &second}) {
      *socket = test::must(test::make_socket(test::family::ipv4, SOCK_DGRAM), "making a socket");
      if (const int error = set_option(*socket, SO_REUSEPORT, 1); error != 0) test::throw_error(error, "sharing");
      const test::loopback address(test::family::ipv4, port);
      if (::bind(socket->get(), address.get(), address.size()) != 0) test::throw_error(errno, "binding");
      port = test::own_port(socket->get());
    }
  }
  // From as many senders, one datagram each; how many came to the second socket. All have to arrive.
  [[nodiscard]] int to_second() const {
    const test::loopback to(test::family::ipv4, port);
    for (int sent = 0; sent < datagrams; ++sent) {
      const auto sender = test::must(test::make_socket(test::family::ipv4, SOCK_DGRAM), "making a sender");
      if (::sendto(sender.get(), "x", 1, 0, to.get(), to.size()) != 1) test::throw_error(errno, "sending");
    }
    const int here = received(first);
    const int there = received(second);
    CHECK(here + there == datagrams);
    return there;
  }
  [[nodiscard]] reuseport_options with(program_ref program) const {
    return {.socket = fd_ref{first.get()}, .program = program};
  }

  test::fd first;
  test::fd second;
  std::uint16_t port = 0;

 private:
  static int received(const test::fd& socket) {
    int count = 0;
    for (char byte = 0; ::recv(socket.get(), &byte, 1, MSG_DONTWAIT) == 1;) ++count;
    return count;
  }
};

// Without a program the kernel spreads senders by a hash.
bool spread(int to_second) { return to_second > 0 && to_second < datagrams; }

}  // namespace

TEST_CASE("socket: an sk_reuseport program selects the second of two sockets", "[socket]") {
  SKIP_IF(test::needs_root());
  const sharing_pair sockets;
  CHECK(spread(sockets.to_second()));
  const selecting_program selecting{sockets.second};
  auto selection = attach(sockets.with(borrow(selecting.program)));
  REQUIRE(sentence(selection) == "");
  CHECK(selection->mechanism() == mechanism::socket_option);
  CHECK(sockets.to_second() == datagrams);

  const selecting_program other{sockets.first};
  CHECK(sentence(selection->update(borrow(other.program))) == "");
  CHECK(sockets.to_second() == 0);
  if (!test::at_least(5, 3)) return;
  CHECK(sentence(selection->detach()) == "");
  CHECK(spread(sockets.to_second()));
  CHECK(sentence(selection->detach()) == "");
  CHECK(selection->update(borrow(other.program)).error() == errc::defunct);
  CHECK(sentence(selection->close()) == "");
}

TEST_CASE("socket: an sk_reuseport program that was loaded for migration is taken too", "[socket]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 14, "sk_reuseport attach types"));
  for (const auto type : {test::attach_type::sk_reuseport_select, test::attach_type::sk_reuseport_select_or_migrate}) {
    // A socket is in one such map at a time, and a map ends when the kernel gets to it.
    const sharing_pair sockets;
    const selecting_program selecting{sockets.second, type};
    auto selection = attach(sockets.with(borrow(selecting.program)));
    REQUIRE(sentence(selection) == "");
    CHECK(sockets.to_second() == datagrams);
    CHECK(sentence(selection->close()) == "");
    CHECK(spread(sockets.to_second()));
  }
}

TEST_CASE("socket: a socket_filter program returns a socket's place", "[socket]") {
  SKIP_IF(test::needs_root());
  const sharing_pair sockets;
  const auto second = load_filter(1);
  auto selection = attach(sockets.with(borrow(second)));
  REQUIRE(sentence(selection) == "");
  CHECK(sockets.to_second() == datagrams);
  CHECK(second.runs() == datagrams);
  const auto first = load_filter(0);
  CHECK(sentence(selection->update(borrow(first))) == "");
  CHECK(sockets.to_second() == 0);
  if (!test::at_least(5, 3)) return;
  CHECK(sentence(selection->close()) == "");
  CHECK(spread(sockets.to_second()));
  CHECK(first.runs() == datagrams);
}

TEST_CASE("socket: a socket that is not bound yet brings its program along", "[socket]") {
  SKIP_IF(test::needs_root());
  const auto drop = load_filter(1);
  auto socket = test::make_socket(test::family::ipv4, SOCK_DGRAM);
  REQUIRE(set_option(socket, SO_REUSEPORT, 1) == 0);
  auto selection = attach(reuseport_options{.socket = fd_ref{socket.get()}, .program = borrow(drop)});
  REQUIRE(sentence(selection) == "");
  CHECK(test::bind_loopback(socket.get(), test::family::ipv4) == 0);
  if (test::at_least(5, 3)) CHECK(sentence(selection->close()) == "");
}

TEST_CASE("socket: a selection belongs to all the sockets, and stays where it is released", "[socket]") {
  SKIP_IF(test::needs_root());
  const sharing_pair sockets;
  const auto second = load_filter(1);
  auto selection = attach(sockets.with(borrow(second)));
  REQUIRE(sentence(selection) == "");
  std::move(*selection).release();
  CHECK(sockets.to_second() == datagrams);
  if (!test::at_least(5, 3)) return;
  auto again = attach(sockets.with(borrow(second)));
  REQUIRE(sentence(again) == "");
  // By the other socket.
  REQUIRE(set_option(sockets.second, SO_DETACH_REUSEPORT_BPF, 0) == 0);
  CHECK(spread(sockets.to_second()));
  const auto closed = again->close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error() == errc::not_found);
  CHECK(closed.error().cause() == cause::not_attached);
  CHECK(closed.error().sys_errno() == ENOENT);
}

// A UDP socket that has its port from the kernel gives it back when it is disconnected.
TEST_CASE("socket: a socket that shares its port with none any more is told", "[socket]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 3, "SO_DETACH_REUSEPORT_BPF"));
  const auto program = load_filter(0);
  for (const bool shares : {false, true}) {
    INFO((shares ? "with" : "without") << " SO_REUSEPORT");
    const auto socket = test::must(test::make_socket(test::family::ipv4, SOCK_DGRAM), "making a socket");
    REQUIRE(set_option(socket, SO_REUSEPORT, 1) == 0);
    auto selection = attach(reuseport_options{.socket = fd_ref{socket.get()}, .program = borrow(program)});
    REQUIRE(sentence(selection) == "");
    const test::loopback to(test::family::ipv4, 9);
    REQUIRE(::connect(socket.get(), to.get(), to.size()) == 0);
    REQUIRE(set_option(socket, SO_REUSEPORT, shares ? 1 : 0) == 0);
    const sockaddr nowhere{};
    REQUIRE(::connect(socket.get(), &nowhere, sizeof nowhere) == 0);
    const auto closed = selection->close();
    REQUIRE_FALSE(closed);
    CHECK(closed.error() == errc::not_found);
    CHECK(closed.error().cause() == cause::not_attached);
    CHECK(closed.error().sys_errno() == (shares ? ENOENT : EINVAL));
    CHECK_THAT(closed.error().message(),
               test::contains(shares ? "somebody else had detached" : "shares its port with none any more"));
  }
}

TEST_CASE("socket: before Linux 5.3 a selection cannot be taken away, and that is told", "[socket]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  const auto result = test::in_child([] {
    const auto second = load_filter(1);
    auto socket = test::make_socket(test::family::ipv4, SOCK_DGRAM);
    test::expect_equal(set_option(socket, SO_REUSEPORT, 1), 0);
    test::refuse({{.call = SYS_setsockopt,
                   .error = ENOPROTOOPT,
                   .when = test::match::equal,
                   .argument = 2,
                   .value = SO_DETACH_REUSEPORT_BPF}});
    auto selection = attach(reuseport_options{.socket = fd_ref{socket.get()}, .program = borrow(second)});
    test::expect_equal(sentence(selection), "");
    for (const auto& answer : {selection->detach(), selection->close()}) {
      test::expect(!answer.has_value());
      test::expect(answer.error() == errc::not_supported, answer.error().message());
      test::expect(answer.error().cause() == cause::missing_feature, answer.error().message());
      test::expect(answer.error().message().find("since 5.3") != std::string::npos, answer.error().message());
    }
    test::expect(!*selection);
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
