// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <sys/un.h>

#include <functional>
#include <string>

#include "bpflink/attach/cgroup.hpp"
#include "cgroup_hooks.hpp"
#include "helpers.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/loopback.hpp"
#include "support/traffic.hpp"

namespace bpflink {

namespace {

int error_of(long result) { return result < 0 ? errno : 0; }

int set_option() {
  const auto socket = test::make_socket(test::family::ipv4, SOCK_DGRAM);
  const int value = 1;
  return error_of(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &value, sizeof value));
}

int get_option() {
  const auto socket = test::make_socket(test::family::ipv4, SOCK_DGRAM);
  int value = 0;
  socklen_t size = sizeof value;
  return error_of(::getsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &value, &size));
}

// With an address, as only then the hook of sendmsg and connect is passed.
int use_unix_socket(int type, int (*use)(int socket, const sockaddr* to, socklen_t size)) {
  const test::directory_fixture directory;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (directory / "s").copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  const test::fd server(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const test::fd client(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (::bind(server.get(), to, sizeof address) != 0) return errno;
  if (type == SOCK_STREAM && ::listen(server.get(), 1) != 0) return errno;
  return use(client.get(), to, sizeof address);
}

int unix_connect() {
  return use_unix_socket(SOCK_STREAM, [](int socket, const sockaddr* to, socklen_t size) {
    return error_of(::connect(socket, to, size));
  });
}

int unix_send() {
  return use_unix_socket(SOCK_DGRAM, [](int socket, const sockaddr* to, socklen_t size) {
    return error_of(::sendto(socket, "x", 1, MSG_NOSIGNAL, to, size));
  });
}

// 0 where the datagram arrives.
int receive() {
  test::udp_pair sockets;
  if (const int error = sockets.send(); error != 0) return error;
  return sockets.arrives() ? 0 : EPERM;
}

struct effect {
  cgroup_hook hook;
  std::function<int()> action;
};

const cgroup_hook_row& row_of(cgroup_hook hook) {
  for (const auto& row : cgroup_hooks) {
    if (row.hook == hook) return row;
  }
  throw std::logic_error("no such hook");
}

}  // namespace

TEST_CASE("cgroup: a program that says no has its effect until it is detached or closed", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  using test::family;
  const effect effects[] = {
      {cgroup_hook::inet_egress, [] { return test::udp_send(); }},
      {cgroup_hook::inet_ingress, receive},
      {cgroup_hook::inet_sock_create, [] { return test::create_socket(); }},
      {cgroup_hook::device, test::open_device},
      {cgroup_hook::inet4_bind, [] { return test::bind_socket(family::ipv4); }},
      {cgroup_hook::inet6_bind, [] { return test::bind_socket(family::ipv6); }},
      {cgroup_hook::inet4_post_bind, [] { return test::bind_socket(family::ipv4); }},
      {cgroup_hook::inet6_post_bind, [] { return test::bind_socket(family::ipv6); }},
      {cgroup_hook::inet4_connect, [] { return test::tcp_exchange(family::ipv4); }},
      {cgroup_hook::inet6_connect, [] { return test::tcp_exchange(family::ipv6); }},
      {cgroup_hook::udp4_sendmsg, [] { return test::udp_send(family::ipv4); }},
      {cgroup_hook::udp6_sendmsg, [] { return test::udp_send(family::ipv6); }},
      {cgroup_hook::sysctl, test::read_sysctl},
      {cgroup_hook::setsockopt, set_option},
      {cgroup_hook::getsockopt, get_option},
      {cgroup_hook::unix_connect, unix_connect},
      {cgroup_hook::unix_sendmsg, unix_send},
  };
  test::cgroup_fixture cgroup;
  for (const auto& [hook, action] : effects) {
    const auto& row = row_of(hook);
    if (!test::at_least(row.since.release, row.since.minor)) continue;
    INFO(row.name);
    const auto answer = [&, act = action] {
      int error = -1;
      cgroup.enter([&] { error = act(); });
      return error;
    };
    const auto program = test::load(
        {.type = row.program, .code = test::return_value(0), .expected_attach_type = row.number, .name = "refuse"});
    const cgroup_options options{.cgroup = fd_ref{cgroup.get()}, .hook = hook, .program = borrow(program)};

    CHECK(answer() == 0);
    auto link = attach(options);
    REQUIRE(sentence(link) == "");
    CHECK(answer() == EPERM);
    CHECK(action() == 0);  // outside of the cgroup nothing is refused
    if (test::at_least(5, 9)) {
      CHECK(sentence(link->detach()) == "");
      CHECK(answer() == 0);
    }
    {
      const auto second = attach(options);
      REQUIRE(sentence(second) == "");
      CHECK(answer() == EPERM);
    }
    CHECK(sentence(link->close()) == "");
    CHECK(answer() == 0);
  }
}

TEST_CASE("cgroup: an update changes what is done at once", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto load = [](int value) {
    return test::load({.type = test::prog_type::cgroup_sock_addr,
                       .code = test::return_value(value),
                       .expected_attach_type = test::attach_type::cgroup_inet4_connect});
  };
  const auto allow = load(1);
  const auto refuse = load(0);
  const auto answer = [&] {
    int error = -1;
    cgroup.enter([&] { error = test::tcp_exchange(); });
    return error;
  };
  auto link = attach(
      cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet4_connect, .program = borrow(allow)});
  REQUIRE(sentence(link) == "");
  CHECK(answer() == 0);
  CHECK(sentence(link->update(borrow(refuse))) == "");
  CHECK(answer() == EPERM);
  CHECK(sentence(link->update(borrow(allow), borrow(refuse))) == "");
  CHECK(answer() == 0);
  CHECK(link->update(borrow(refuse), borrow(refuse)).error() == errc::conflict);
  CHECK(answer() == 0);
  CHECK(sentence(link->update(borrow(allow))) == "");
}

// The kernel looks at the type alone, and so does what the documents say.
TEST_CASE("cgroup: a link takes a program for another hook of the same type", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 7, "links"));
  test::cgroup_fixture cgroup;
  const auto load = [](std::uint32_t expected_attach_type, int value) {
    return test::load({.type = test::prog_type::cgroup_sock_addr,
                       .code = test::return_value(value),
                       .expected_attach_type = expected_attach_type});
  };
  const auto allow = load(test::attach_type::cgroup_inet4_connect, 1);
  const auto refuse6 = load(test::attach_type::cgroup_inet6_connect, 0);
  auto link = attach(
      cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet4_connect, .program = borrow(allow)});
  REQUIRE(sentence(link) == "");
  CHECK(sentence(link->update(borrow(refuse6))) == "");
  int error = -1;
  cgroup.enter([&] { error = test::tcp_exchange(); });
  CHECK(error == EPERM);
}

}  // namespace bpflink
