// SPDX-License-Identifier: MIT
// A program that chooses among sockets, where each system call of an update, a detach and a close fails in turn.
#include <poll.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "faults.hpp"
#include "socket_helpers.hpp"
#include "support/catch.hpp"

namespace bpflink {

namespace {

// A guest without hardware of its own takes long.
constexpr unsigned seconds = 100;

using faults::outcome;
using faults::outcome_of;

// A bound socket with a program, and the next one. Both choose the socket at place 0, which is this one.
class world {
 public:
  world() {
    for (auto* const socket : {&receiver_, &sender_}) {
      *socket = test::must(test::make_socket(test::family::ipv4, SOCK_DGRAM), "making a socket");
    }
    expect_equal(set_option(receiver_, SO_REUSEPORT, 1), 0);
    expect_equal(test::bind_loopback(receiver_.get(), test::family::ipv4), 0);
  }

  void attach_again() {
    link.reset();
    static_cast<void>(set_option(receiver_, SO_DETACH_REUSEPORT_BPF, 0));
    link.emplace(must(attach(reuseport_options{.socket = fd_ref{receiver_.get()}, .program = borrow(program)})));
  }

  // By a datagram, which arrives in any case.
  void expect_chooser(const test::counted_program* expected, const std::string& where) const {
    const auto before = program.runs();
    const auto next_before = next.runs();
    const test::loopback to(test::family::ipv4, test::own_port(receiver_.get()));
    expect(::sendto(sender_.get(), "x", 1, 0, to.get(), to.size()) == 1, "sending");
    expect(test::wait_for(receiver_.get(), POLLIN, test::patience), "nothing arrives");
    char byte = 0;
    expect(::recv(receiver_.get(), &byte, 1, 0) == 1, "receiving");
    expect(program.runs() == before + (expected == &program ? 1 : 0), "the first program's runs " + where);
    expect(next.runs() == next_before + (expected == &next ? 1 : 0), "the next program's runs " + where);
  }

  test::counted_program program = load_filter(0);
  test::counted_program next = load_filter(0);
  std::optional<reuseport_selection> link = {};

 private:
  test::fd receiver_;
  test::fd sender_;
};

std::string fails_well(const std::function<faults::operation(world&)>& make) {
  return test::in_child(
             [&] {
               std::optional<world> here{std::in_place};
               here->attach_again();
               const auto tested = make(*here);
               test::syscall_supervisor supervisor;
               expect(faults::fail_all(supervisor, faults::all_errors(), tested) >= faults::all_errors().size());
               here->link.reset();
               here->expect_chooser(nullptr, "in the end");
               auto program = std::move(here->program);
               auto next = std::move(here->next);
               here.reset();
               faults::expect_freed(std::move(program));
               faults::expect_freed(std::move(next));
             },
             seconds)
      .failure();
}

// What the kernel says of a socket means a program there, or none.
const std::vector<faults::meaning> meanings{{ENOENT, errc::not_found}, {EACCES, errc::busy}};

std::string needs_detaching() {
  if (auto reason = test::needs_supervisor(); !reason.empty()) return reason;
  if (auto reason = test::needs_root(); !reason.empty()) return reason;
  return test::needs_kernel(5, 3, "detaching reuseport programs");
}

}  // namespace

TEST_CASE("faults: update of a reuseport selection", "[faults]") {
  SKIP_IF(needs_detaching());
  CHECK(fails_well([](world& here) {
          return faults::operation{.run = [&here] { return outcome_of(here.link->update(borrow(here.next))); },
                                   .after =
                                       [&here](const outcome& ended, const std::string& where) {
                                         here.expect_chooser(ended ? &here.program : &here.next, where);
                                         here.attach_again();
                                       },
                                   .also = meanings};
        }) == "");
}

TEST_CASE("faults: detaching a reuseport selection", "[faults]") {
  SKIP_IF(needs_detaching());
  CHECK(fails_well([](world& here) {
          return faults::operation{.run = [&here] { return outcome_of(here.link->detach()); },
                                   .after =
                                       [&here](const outcome& ended, const std::string& where) {
                                         here.expect_chooser(ended ? &here.program : nullptr, where);
                                         expect_equal(sentence(here.link->detach()), "");
                                         here.expect_chooser(nullptr, "detached again, " + where);
                                         here.attach_again();
                                       },
                                   .also = meanings};
        }) == "");
}

// To the end: the socket is let go whatever fails, and what could not be taken away is told.
TEST_CASE("faults: closing a reuseport selection", "[faults]") {
  SKIP_IF(needs_detaching());
  CHECK(fails_well([](world& here) {
          return faults::operation{.run = [&here] { return outcome_of(here.link->close()); },
                                   .after =
                                       [&here](const outcome& ended, const std::string& where) {
                                         expect(!*here.link, "the handle is not empty after " + where);
                                         const bool kept = ended && ended->operation() != operation::close;
                                         here.expect_chooser(kept ? &here.program : nullptr, where);
                                         here.attach_again();
                                       },
                                   .tolerated = [](const test::system_call&, int error) { return error == EINTR; },
                                   .also = meanings};
        }) == "");
}

}  // namespace bpflink
