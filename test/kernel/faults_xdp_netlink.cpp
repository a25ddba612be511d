// SPDX-License-Identifier: MIT
// XDP by netlink, where each system call of an update, a detach and a close fails in turn. The hidden cases run with
// those of faults_fallback.cpp, where BPF_LINK_CREATE is unknown.
#include <linux/if_link.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "faults.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;

constexpr unsigned lo = 1;

// A program on lo, and the next one.
struct world {
  test::counted_program program = load_xdp();
  test::counted_program next = load_xdp();
  std::optional<xdp_link> link = {};

  void attach_again() {
    link.reset();
    expect_equal(test::netlink_xdp(lo, -1, XDP_FLAGS_SKB_MODE), 0);
    link.emplace(
        must(attach(xdp_options{.interface = index_of(lo), .program = borrow(program), .mode = xdp_mode::generic})));
    expect(link->mechanism() == mechanism::netlink);
  }

  // After an operation that puts one program in the place of the other, null for none. Where the answer was lost, and
  // what would tell instead failed too, nobody knows.
  void expect_moved(const test::counted_program* to, const outcome& ended, const std::string& where) const {
    const auto there = test::xdp_of(lo).program_id;
    const auto moved = to != nullptr ? test::program_id(to->get()) : 0U;
    const bool unknown = ended && where.find("recvfrom") != std::string::npos;
    if (unknown && there == moved) return;
    expect_equal(there, ended ? test::program_id(program.get()) : moved, "attached after " + where);
  }
};

// A lost answer is looked up, and after EINTR it is asked again.
bool may_work(const test::system_call& call, int error) {
  return call.number == SYS_recvfrom || (call.number == SYS_sendto && error == EINTR) || faults::may_work(call, error);
}

std::string fails_well(const std::function<faults::operation(world&)>& make) {
  // What else the kernel could say to a request, a socket does not: those are answers, see xdp_netlink_faults.cpp.
  return test::in_child(
             [&] {
               const auto busy = with_generic_xdp();
               world here;
               test::netns_fixture().run([&] {
                 here.attach_again();
                 const auto tested = make(here);
                 test::syscall_supervisor supervisor;
                 expect(faults::fail_all(supervisor, faults::few_errors(), tested) >= 2 * faults::few_errors().size());
                 here.link.reset();
                 expect_equal(test::xdp_of(lo).program_id, 0U, "attached in the end");
               });
               faults::expect_freed(std::move(here.program));
               faults::expect_freed(std::move(here.next));
             },
             100)
      .failure();
}

}  // namespace

TEST_CASE("old faults: updating xdp", "[.][old-faults]") {
  CHECK(fails_well([](world& here) {
          return faults::operation{.run = [&here] { return outcome_of(here.link->update(borrow(here.next))); },
                                   .after =
                                       [&here](const outcome& ended, const std::string& where) {
                                         here.expect_moved(&here.next, ended, where);
                                         here.attach_again();
                                       },
                                   .tolerated = may_work};
        }) == "");
}

TEST_CASE("old faults: detaching xdp", "[.][old-faults]") {
  CHECK(fails_well([](world& here) {
          return faults::operation{.run = [&here] { return outcome_of(here.link->detach()); },
                                   .after =
                                       [&here](const outcome& ended, const std::string& where) {
                                         here.expect_moved(nullptr, ended, where);
                                         // What failed can be done again.
                                         if (test::xdp_of(lo).program_id != 0) {
                                           expect_equal(sentence(here.link->detach()), "", "again, after " + where);
                                           expect_equal(test::xdp_of(lo).program_id, 0U, "again, after " + where);
                                         }
                                         here.attach_again();
                                       },
                                   .tolerated = may_work};
        }) == "");
}

TEST_CASE("old faults: closing xdp", "[.][old-faults]") {
  CHECK(fails_well([](world& here) {
          return faults::operation{
              .run = [&here] { return outcome_of(here.link->close()); },
              .after =
                  [&here](const outcome& ended, const std::string& where) {
                    expect(!*here.link, "the handle is not empty after " + where);
                    // A descriptor's close may fail when the program is gone.
                    const bool detached = ended && ended->operation() == operation::close;
                    here.expect_moved(nullptr, detached ? outcome{} : ended, where);
                    here.attach_again();
                  },
              .tolerated = [](const test::system_call& call,
                              int error) { return call.number == SYS_close ? error == EINTR : may_work(call, error); }};
        }) == "");
}

}  // namespace bpflink
