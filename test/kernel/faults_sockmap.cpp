// SPDX-License-Identifier: MIT
// Maps, where each system call fails in turn: by link, without, and while failures are explained.
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "faults.hpp"
#include "sockmap_helpers.hpp"
#include "support/catch.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;
using ids = std::vector<std::uint32_t>;

// A kernel that does not know the question is taken for an older one. An older one says EINVAL to a link by itself.
bool may_work(const test::system_call& call, int error) {
  const bool asks = call.command() == test::command::prog_query;
  const bool links = call.command() == test::command::link_create && !test::at_least(6, 10);
  return (asks && error == EINVAL) || (links && error == EINVAL) || faults::may_work(call, error);
}

// A map with a program attached.
struct world {
  test::fd map = socket_map();
  test::counted_program program = load_verdict();
  test::counted_program next = load_verdict();
  std::optional<sockmap_link> link = {};

  void attach_again() {
    link.reset();
    expect_attached({}, "letting go");
    link.emplace(must(attach(at_map(map, borrow(program)))));
  }
  void expect_attached(const ids& expected, const std::string& where) const {
    expect(programs_at(map) == expected, "what is attached after " + where);
  }
  [[nodiscard]] ids first() const { return {test::program_id(program.get())}; }
  [[nodiscard]] ids second() const { return {test::program_id(next.get())}; }
};

template <class Make>
std::string fails_well(const Make& make) {
  return test::in_child(
             [&] {
               world here;
               here.attach_again();
               test::syscall_supervisor supervisor;
               expect(faults::fail_all(supervisor, faults::few_errors(), make(here)) >= faults::few_errors().size());
               here.link.reset();
               here.expect_attached({}, "all");
               faults::expect_freed(std::move(here.program));
               faults::expect_freed(std::move(here.next));
             },
             100)
      .failure();
}

std::string fails_well_attached() {
  return test::in_child(
             [] {
               const auto map = socket_map();
               auto program = load_verdict();
               const auto attached = [&] { return static_cast<int>(programs_at(map).size()); };
               expect(faults::fail_attach([&] { return attach(at_map(map, borrow(program))); }, attached, may_work) >=
                      2 * faults::all_errors().size());
               faults::expect_freed(std::move(program));
             },
             100)
      .failure();
}

}  // namespace

TEST_CASE("faults: sockmap", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 18, "queries of maps"));
  CHECK(fails_well_attached() == "");
}

TEST_CASE("faults: why a sockmap's hook is taken", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 18, "queries of maps"));
  CHECK(test::in_child([] {
          const auto map = socket_map();
          const auto array = test::counter_map();
          const auto program = load_verdict();
          test::syscall_supervisor supervisor;
          expect(faults::fail_refused(supervisor, EOPNOTSUPP, [&] { return attach(at_map(array, borrow(program))); }) >
                 0);
          const sockmap_query asked{.map = fd_ref{array.get()}, .hook = sockmap_hook::msg_verdict};
          expect(faults::fail_refused(supervisor, EOPNOTSUPP, [&] { return query(asked); }) > 0);
        }).failure() == "");
}

TEST_CASE("faults: sockmap without links", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 18, "queries of maps"));
  const auto result = test::on_old_kernel(
      "old-sockmap-faults", [] { test::refuse_bpf({test::command::link_create}); }, 100);
  CHECK(result.failure() == "");
}

TEST_CASE("old faults: sockmap", "[.][old-sockmap-faults]") { CHECK(fails_well_attached() == ""); }

TEST_CASE("old faults: updating a program at a sockmap", "[.][old-sockmap-faults]") {
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here] { return outcome_of(here.link->update(borrow(here.next))); },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        here.expect_attached(ended ? here.first() : here.second(), where);
                        if (!ended) here.attach_again();
                      },
                  .tolerated = may_work,
                  .also = {{ENOENT, errc::defunct}, {EEXIST, errc::already_exists}}};
        }) == "");
}

TEST_CASE("old faults: detaching a program from a sockmap", "[.][old-sockmap-faults]") {
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here] { return outcome_of(here.link->detach()); },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        here.expect_attached(ended ? here.first() : ids{}, where);
                        expect_equal(sentence(here.link->detach()), "");
                        here.attach_again();
                      }};
        }) == "");
}

TEST_CASE("old faults: closing what is attached to a sockmap", "[.][old-sockmap-faults]") {
  CHECK(fails_well([](world& here) -> faults::operation {
          return {.run = [&here] { return outcome_of(here.link->close()); },
                  .after =
                      [&here](const outcome& ended, const std::string& where) {
                        expect(!*here.link, "the handle is not empty after " + where);
                        const bool refused = ended && ended->operation() == operation::prog_detach;
                        here.expect_attached(refused ? here.first() : ids{}, where);
                        if (refused) {
                          expect_equal(
                              test::prog_detach(here.map.get(), here.program.get(), test::attach_type::sk_msg_verdict),
                              0);
                        }
                        here.attach_again();
                      },
                  .tolerated = [](const test::system_call&, int error) { return error == EINTR; },
                  .also = {{ENOENT, errc::not_found}}};
        }) == "");
}

}  // namespace bpflink
