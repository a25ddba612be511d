// SPDX-License-Identifier: MIT
// Programs at sockets, where each system call fails in turn.
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faults.hpp"
#include "socket_helpers.hpp"
#include "support/catch.hpp"

namespace bpflink {

namespace {

// A guest without hardware of its own takes long.
constexpr unsigned seconds = 100;

using faults::outcome;
using faults::outcome_of;

// What the kernel says of a socket's filter reads as what it means there: a program, no program.
const std::vector<faults::meaning> meanings{{EACCES, errc::busy}, {ENOENT, errc::not_found}};

test::fd sharing_socket() {
  auto socket = test::must(test::make_socket(test::family::ipv4, SOCK_DGRAM), "making a socket");
  if (const int error = set_option(socket, SO_REUSEPORT, 1); error != 0) test::throw_error(error, "sharing");
  return socket;
}

// Of a socket that nobody has bound the kernel says whether it has a program by taking it away.
bool takes_program_away(const test::fd& socket) { return set_option(socket, SO_DETACH_REUSEPORT_BPF, 0) == 0; }

// A filter, and what the kernel says of it.
struct world {
  unix_pair sockets;
  test::counted_program program = load_filter();
  test::counted_program next = load_filter(filter_keep);
  std::optional<socket_filter> filter = {};

  void attach_again() {
    filter.reset();
    static_cast<void>(set_option(sockets.receiver, SO_DETACH_FILTER, 0));
    filter.emplace(
        must(attach(socket_filter_options{.socket = fd_ref{sockets.receiver.get()}, .program = borrow(program)})));
  }
};

std::string fails_well(const std::function<faults::operation(world&)>& make) {
  return test::in_child(
             [&] {
               world here;
               here.attach_again();
               const auto tested = make(here);
               test::syscall_supervisor supervisor;
               expect(faults::fail_all(supervisor, faults::all_errors(), tested) >= faults::all_errors().size());
               here.filter.reset();
               expect_equal(filter_of(here.sockets.receiver), 0, "filter in the end");
               faults::expect_freed(std::move(here.program));
               faults::expect_freed(std::move(here.next));
             },
             seconds)
      .failure();
}

// The kernel's answer that a program filters, given by a fault where one does, is the truth.
bool may_work(const test::system_call& call, int error) {
  return faults::may_work(call, error) || (call.number == SYS_getsockopt && error == EACCES);
}

}  // namespace

TEST_CASE("faults: socket filter", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_root());
  const auto result = test::in_child(
      [&] {
        const unix_pair sockets;
        auto program = load_filter();
        const socket_filter_options options{.socket = fd_ref{sockets.receiver.get()}, .program = borrow(program)};
        expect(faults::fail_attach([&] { return attach(options); },
                                   [&] { return has_program(sockets.receiver) ? 1 : 0; }, faults::may_work,
                                   meanings) >= 3 * faults::all_errors().size() - 2);
        faults::expect_freed(std::move(program));
      },
      seconds);
  CHECK(result.failure() == "");
}

TEST_CASE("faults: reuseport selection", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 3, "detaching reuseport programs"));
  const auto result = test::in_child(
      [&] {
        auto program = load_filter();
        auto socket = sharing_socket();
        const reuseport_options options{.socket = fd_ref{socket.get()}, .program = borrow(program)};
        std::optional<expected<reuseport_selection>> made;
        const auto run = [&] {
          made.emplace(attach(options));
          return outcome_of(*made);
        };
        const auto after = [&](const outcome& ended, const std::string& where) {
          if (!ended) std::move(**made).release();
          expect(takes_program_away(socket) == !ended.has_value(), where);
          made.reset();
        };
        test::syscall_supervisor supervisor;
        expect(faults::fail_all(supervisor, faults::all_errors(), {run, after}) >= 2 * faults::all_errors().size());
        socket.reset();
        faults::expect_freed(std::move(program));
      },
      seconds);
  CHECK(result.failure() == "");
}

TEST_CASE("faults: update of a socket filter", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_root());
  CHECK(fails_well([](world& here) {
          return faults::operation{[&here] { return outcome_of(here.filter->update(borrow(here.next))); },
                                   [&here](const outcome& ended, const std::string& where) {
                                     expect(here.sockets.passes() == !ended.has_value(), where);
                                     here.attach_again();
                                   },
                                   may_work, meanings};
        }) == "");
}

TEST_CASE("faults: detaching a socket filter", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_root());
  CHECK(fails_well([](world& here) {
          return faults::operation{[&here] { return outcome_of(here.filter->detach()); },
                                   [&here](const outcome& ended, const std::string& where) {
                                     expect(here.sockets.passes() == !ended.has_value(), where);
                                     here.attach_again();
                                   },
                                   may_work, meanings};
        }) == "");
}

// To the end: the socket is let go whatever fails, and what could not be taken away is told.
TEST_CASE("faults: closing a socket filter", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_root());
  CHECK(fails_well([](world& here) {
          return faults::operation{[&here] { return outcome_of(here.filter->close()); },
                                   [&here](const outcome& ended, const std::string& where) {
                                     expect(!*here.filter, "the handle is empty after " + where);
                                     if (!ended) expect(here.sockets.passes(), where);
                                     here.attach_again();
                                   },
                                   [](const test::system_call& call, int error) {
                                     return call.number == SYS_close ? error == EINTR : may_work(call, error);
                                   },
                                   meanings};
        }) == "");
}

}  // namespace bpflink
