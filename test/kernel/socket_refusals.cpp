// SPDX-License-Identifier: MIT
// Why a socket refused a program, or kept it: each cause made to happen.
#include <fcntl.h>

#include <cerrno>
#include <string>

#include "socket_helpers.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/instructions.hpp"
#include "support/raw_bpf.hpp"

namespace bpflink {

namespace {

using test::contains;

template <class Options>
bpf_error refusal(const Options& options) {
  const auto filter = attach(options);
  REQUIRE_FALSE(filter);
  INFO(filter.error().message());
  CHECK_FALSE(filter.error().reason().empty());
  return filter.error();
}

test::fd udp_socket() { return test::must(test::make_socket(test::family::ipv4, SOCK_DGRAM), "making a socket"); }

test::fd sharing_socket() {
  auto socket = udp_socket();
  REQUIRE(set_option(socket, SO_REUSEPORT, 1) == 0);
  return socket;
}

template <class Options>
void check_targets(const test::counted_program& program) {
  CHECK(refusal(Options{.socket = fd_ref{}, .program = borrow(program)}).cause() == cause::empty_handle);
  const auto socket = sharing_socket();
  const auto empty = refusal(Options{.socket = fd_ref{socket.get()}, .program = fd_ref{}});
  CHECK(empty == errc::bad_handle);
  CHECK(empty.operation() == operation::none);

  const auto closed = refusal(Options{.socket = fd_ref{9999}, .program = borrow(program)});
  CHECK(closed == errc::bad_handle);
  CHECK(closed.cause() == cause::closed_descriptor);
  CHECK_THAT(closed.message(), contains("the socket's descriptor 9999 is closed"));
  for (const auto& [path, flags] : {std::pair{"/dev/null", O_RDONLY}, {"/dev/null", O_PATH}}) {
    const auto file = test::open_file(path, flags);
    const auto none = refusal(Options{.socket = fd_ref{file.get()}, .program = borrow(program)});
    CHECK(none == errc::wrong_type);
    CHECK(none.cause() == cause::not_a_socket);
  }

  const auto with = [&](fd_ref other) { return refusal(Options{.socket = fd_ref{socket.get()}, .program = other}); };
  const auto no_program = with(fd_ref{9999});
  CHECK(no_program == errc::bad_handle);
  CHECK_THAT(no_program.message(), contains("the program's descriptor 9999 is closed"));
  const auto null = test::open_file("/dev/null", O_RDONLY);
  CHECK(with(fd_ref{null.get()}).cause() == cause::not_a_program);
  const auto map = test::counter_map();
  CHECK(with(fd_ref{map.get()}).cause() == cause::not_a_program);
  const auto misfit = test::load({.type = test::prog_type::sched_act, .name = "misfit"});
  const auto wrong = with(fd_ref{misfit.get()});
  CHECK(wrong == errc::wrong_type);
  CHECK(wrong.cause() == cause::wrong_program_type);
  CHECK_THAT(wrong.message(), contains("'misfit'") && contains("sched_act, this hook takes socket_filter"));
}

template <class Options>
void check_locked() {
  const auto program = load_filter();
  const auto socket = sharing_socket();
  REQUIRE(set_option(socket, SO_LOCK_FILTER, 1) == 0);
  const auto locked = refusal(Options{.socket = fd_ref{socket.get()}, .program = borrow(program)});
  CHECK(locked == errc::permission_denied);
  CHECK(locked.cause() == cause::locked);
  CHECK(locked.sys_errno() == EPERM);
  CHECK_THAT(locked.message(), contains("SO_LOCK_FILTER"));
}

}  // namespace

TEST_CASE("socket: what is no socket, and what is no program for one, is told", "[socket]") {
  SKIP_IF(test::needs_root());
  const auto program = load_filter();
  check_targets<socket_filter_options>(program);
  check_targets<reuseport_options>(program);
}

TEST_CASE("socket: a filter that was locked is told, and stays", "[socket]") {
  SKIP_IF(test::needs_root());
  check_locked<socket_filter_options>();
  check_locked<reuseport_options>();

  const unix_pair sockets;
  const auto program = load_filter();
  auto filter = attach(socket_filter_options{.socket = fd_ref{sockets.receiver.get()}, .program = borrow(program)});
  REQUIRE(sentence(filter) == "");
  REQUIRE(set_option(sockets.receiver, SO_LOCK_FILTER, 1) == 0);
  const auto check = [](const expected<void>& answer) {
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == errc::permission_denied);
    CHECK(answer.error().cause() == cause::locked);
    CHECK(answer.error().sys_errno() == EPERM);
  };
  check(filter->update(borrow(program)));
  check(filter->detach());
  CHECK_FALSE(sockets.passes());
  check(filter->close());
  CHECK_FALSE(*filter);
  CHECK_FALSE(sockets.passes());
}

TEST_CASE("socket: somebody else's filter is not taken away", "[socket]") {
  SKIP_IF(test::needs_root());
  const auto program = load_filter();
  const auto attached = [&](const unix_pair& sockets) {
    return attach(socket_filter_options{.socket = fd_ref{sockets.receiver.get()}, .program = borrow(program)});
  };
  {
    const unix_pair sockets;
    auto filter = attached(sockets);
    REQUIRE(sentence(filter) == "");
    REQUIRE(set_classic_filter(sockets.receiver) == 0);
    for (const auto& answer : {filter->update(borrow(program)), filter->detach(), filter->close()}) {
      REQUIRE_FALSE(answer);
      CHECK(answer.error() == errc::conflict);
      CHECK(answer.error().cause() == cause::other_program);
      CHECK(answer.error().operation() == operation::none);
      CHECK_THAT(answer.error().message(), contains("classic filter"));
    }
    CHECK(filter_of(sockets.receiver) == 1);
  }
  const unix_pair sockets;
  auto filter = attached(sockets);
  REQUIRE(sentence(filter) == "");
  REQUIRE(set_option(sockets.receiver, SO_DETACH_FILTER, 0) == 0);
  const auto updated = filter->update(borrow(program));
  REQUIRE_FALSE(updated);
  CHECK(updated.error() == errc::defunct);
  CHECK(updated.error().cause() == cause::detached);
  CHECK(filter_of(sockets.receiver) == 0);
  for (const auto& answer : {filter->detach(), filter->close()}) {
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == errc::not_found);
    CHECK(answer.error().cause() == cause::not_attached);
    CHECK(answer.error().sys_errno() == ENOENT);
    CHECK_THAT(answer.error().message(), contains("socket filter: somebody else had detached"));
  }
}

TEST_CASE("socket: an update to what does not fit is told, and changes nothing", "[socket]") {
  SKIP_IF(test::needs_root());
  const unix_pair sockets;
  const auto program = load_filter();
  auto filter = attach(socket_filter_options{.socket = fd_ref{sockets.receiver.get()}, .program = borrow(program)});
  REQUIRE(sentence(filter) == "");
  const auto misfit = test::load({.type = test::prog_type::sched_act});
  CHECK(filter->update(borrow(misfit)).error().cause() == cause::wrong_program_type);
  CHECK(filter->update(fd_ref{9999}).error() == errc::bad_handle);
  CHECK(filter->update(fd_ref{}).error().operation() == operation::none);
  CHECK_FALSE(sockets.passes());
}

TEST_CASE("socket: a program that is longer than a socket may have is told", "[socket]") {
  SKIP_IF(test::needs_root());
  // Larger than what net.core.optmem_max is by default.
  test::assembler code;
  code.mov(test::r0, 0);
  for (int more = 0; more < 60'000; ++more) code.add(test::r0, 1);
  if (!test::at_least(5, 2)) return;
  const auto large = test::load({.type = test::prog_type::socket_filter, .code = code.exit().done()});
  const auto socket = udp_socket();
  const auto refused = refusal(socket_filter_options{.socket = fd_ref{socket.get()}, .program = borrow(large)});
  CHECK(refused == errc::system);
  CHECK(refused.cause() == cause::no_memory);
  CHECK(refused.sys_errno() == ENOMEM);
  CHECK_THAT(refused.message(), contains("net.core.optmem_max"));
}

TEST_CASE("socket: a socket that shares no port is told", "[socket]") {
  SKIP_IF(test::needs_root());
  const auto program = load_filter();
  const auto told = [&](const test::fd& socket, const std::string& words) {
    const auto refused = refusal(reuseport_options{.socket = fd_ref{socket.get()}, .program = borrow(program)});
    CHECK(refused == errc::invalid_argument);
    CHECK(refused.cause() == cause::not_a_socket);
    CHECK(refused.sys_errno() == EINVAL);
    CHECK_THAT(refused.message(), contains(words) && contains("before bind(2)"));
  };
  const auto plain = udp_socket();
  told(plain, "the socket has no SO_REUSEPORT");
  REQUIRE(test::bind_loopback(plain.get(), test::family::ipv4) == 0);
  told(plain, "the socket has no SO_REUSEPORT");
  REQUIRE(set_option(plain, SO_REUSEPORT, 1) == 0);
  told(plain, "bound before it had SO_REUSEPORT");
}

TEST_CASE("socket: sk_reuseport programs are for TCP and UDP", "[socket]") {
  SKIP_IF(test::needs_root());
  const auto program = test::load_counted(test::prog_type::sk_reuseport, 0, 1);
  const unix_pair sockets;
  const auto refused = refusal(reuseport_options{.socket = fd_ref{sockets.receiver.get()}, .program = borrow(program)});
  CHECK(refused == errc::not_supported);
  CHECK(refused.cause() == cause::not_a_socket);
  CHECK(refused.sys_errno() == 524);
  CHECK_THAT(refused.message(), contains("TCP and UDP"));
}

}  // namespace bpflink
