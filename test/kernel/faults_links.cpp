// SPDX-License-Identifier: MIT
// What can be done with a link, where each system call fails in turn.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "faults.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"

namespace bpflink {

namespace {

constexpr auto egress = test::attach_type::cgroup_inet_egress;
using faults::outcome;
using faults::outcome_of;
using ids = std::vector<std::uint32_t>;

// A cgroup with a link, and what the kernel says is attached there.
struct world {
  test::cgroup_fixture& cgroup;
  test::bpffs_fixture& pins;
  test::counted_program program = load_egress("first");
  test::counted_program next = load_egress("second");
  std::optional<cgroup_link> link = {};

  void attach_again() {
    link.reset();
    link.emplace(must(attach(
        cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = borrow(program)})));
  }
  [[nodiscard]] int number() const { return link->fd().get(); }
  void expect_attached(const std::string& expected, const std::string& where) const {
    std::string found;
    // Who lists links holds each of them for a moment.
    static_cast<void>(test::eventually([&] { return (found = attached()) == expected; }));
    expect_equal(found, expected, "attached after " + where);
  }
  [[nodiscard]] std::string attached() const {
    std::string names;
    for (const auto id : test::query(cgroup.get(), egress).ids) {
      const auto opened = of(id);
      if (opened) names += test::info_of_program(opened.get()).name + ' ';
    }
    return names;
  }
  void expect_pins(const std::string& expected, const std::string& where) const {
    expect_equal(test::list_directory(pins.path()), expected, "pins after " + where);
  }
  void pin_once(const std::string& name) const {
    if (test::list_directory(pins.path()).empty()) expect_equal(test::obj_pin(number(), pins / name), 0);
  }
  static test::fd of(std::uint32_t id) { return test::by_id(test::command::prog_get_fd_by_id, id); }
};

// One link for all runs of what `make` describes.
std::string fails_well(const std::function<faults::operation(world&)>& make) {
  test::cgroup_fixture cgroup;
  test::bpffs_fixture pins;
  return test::in_child([&] {
           world here{cgroup, pins};
           here.attach_again();
           const auto tested = make(here);
           test::syscall_supervisor supervisor;
           expect(faults::fail_all(supervisor, faults::all_errors(), tested) >= faults::all_errors().size());
           here.expect_pins("", "all");
           here.link.reset();
           here.expect_attached("", "all");
           faults::expect_freed(std::move(here.program));
           faults::expect_freed(std::move(here.next));
         })
      .failure();
}

void expect_unlinked(const std::string& path) { expect_equal(::unlink(path.c_str()), 0, "unlink " + path); }

std::string needs_links() {
  if (auto reason = test::needs_supervisor(); !reason.empty()) return reason;
  if (auto reason = test::needs_kernel(5, 9, "detaching links"); !reason.empty()) return reason;
  return test::needs_cgroup2();
}

}  // namespace

TEST_CASE("faults: updating a link", "[faults]") {
  SKIP_IF(needs_links());
  const bool expecting = GENERATE(true, false);
  CHECK(fails_well([expecting](world& here) -> faults::operation {
          return {.run =
                      [&here, expecting] {
                        return expecting ? outcome_of(here.link->update(borrow(here.next), borrow(here.program)))
                                         : outcome_of(here.link->update(borrow(here.next)));
                      },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        here.expect_attached(ended ? "first " : "second ", where);
                        if (!ended) expect_equal(test::link_update(here.number(), here.program.get()), 0);
                      }};
        }) == "");
}

TEST_CASE("faults: detaching a link", "[faults]") {
  SKIP_IF(needs_links());
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here] { return outcome_of(here.link->detach()); },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        here.expect_attached(ended ? "first " : "", where);
                        if (!ended) here.attach_again();
                      }};
        }) == "");
}

TEST_CASE("faults: closing a link", "[faults]") {
  SKIP_IF(needs_links());
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here] { return outcome_of(here.link->close()); },
                  .after =
                      [&here](const outcome&, const std::string& where) {
                        expect(!*here.link, "it is not empty");
                        here.expect_attached("", where);
                        here.attach_again();
                      },
                  .tolerated = [](const test::system_call&, int error) { return error == EINTR; }};
        }) == "");
}

TEST_CASE("faults: pinning a link", "[faults]") {
  SKIP_IF(needs_links());
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here, path = here.pins / "pin"] { return outcome_of(here.link->pin(path)); },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        here.expect_pins(ended ? "" : "pin", where);
                        if (!ended) expect_unlinked(here.pins / "pin");
                      }};
        }) == "");
}

TEST_CASE("faults: unpinning a link", "[faults]") {
  SKIP_IF(needs_links());
  CHECK(fails_well([](world& here) -> faults::operation {
          const auto path = here.pins / "pin";
          return {.run = [&here, path] { return outcome_of(here.link->unpin(path)); },
                  .after =
                      [&here, path](const outcome& ended, const std::string& where) {
                        here.expect_pins(ended ? "pin" : "", where);
                        here.expect_attached("first ", where);
                      },
                  .before = [&here] { here.pin_once("pin"); }};
        }) == "");
}

TEST_CASE("faults: moving a link's pin", "[faults]") {
  SKIP_IF(needs_links());
  CHECK(fails_well([](world& here) -> faults::operation {
          const auto from = here.pins / "from";
          const auto to = here.pins / "to";
          return {.run = [&here, from, to] { return outcome_of(here.link->move_pin(from, to)); },
                  .after =
                      [&here, to](const outcome& ended, const std::string& where) {
                        here.expect_pins(ended ? "from" : "to", where);
                        if (!ended) expect_unlinked(to);
                      },
                  .before = [&here] { here.pin_once("from"); }};
        }) == "");
}

TEST_CASE("faults: moving a pin that is gone", "[faults]") {
  SKIP_IF(needs_links());
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here, from = here.pins / "from",
                          to = here.pins / "to"] { return outcome_of(here.link->move_pin(from, to)); },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        here.expect_pins(ended ? "" : "to", where);
                        if (!ended) expect_unlinked(here.pins / "to");
                      },
                  .tolerated = [](const test::system_call&, int error) { return error == ENOENT; },
                  .natural = ENOENT};
        }) == "");
}

TEST_CASE("faults: information on a link", "[faults]") {
  SKIP_IF(needs_links());
  CHECK(fails_well([](world& here) -> faults::operation {
          const auto id = test::info_of_link(here.number()).id();
          return {.run =
                      [&here, id] {
                        const auto info = here.link->info();
                        if (info) expect_equal(info->id.value(), id);
                        return outcome_of(info);
                      },
                  .after = [](const outcome&, const std::string&) {},
                  // A kernel that knows less is asked for less.
                  .tolerated = [](const test::system_call&, int error) { return error == E2BIG; }};
        }) == "");
}

}  // namespace bpflink
