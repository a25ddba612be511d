// SPDX-License-Identifier: MIT
// Tables of functions, where each system call fails in turn.
#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>

#include "bpflink/attach/struct_ops.hpp"
#include "faults.hpp"
#include "struct_ops_helpers.hpp"
#include "support/catch.hpp"
#include "support/congestion_control.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;
using test::congestion_control;

map_ref of(const test::fd& map) { return fd_ref{map.get()}; }

bool is_registered(const congestion_control& control) {
  const int answer = test::choose_congestion_control(control.name());
  expect(answer == 0 || answer == ENOENT, "the kernel does not tell");
  return answer == 0;
}

// A map is filled once, so each run has a new one, which has the number of the one before.
test::fd new_map(bool for_link) {
  constexpr int far_from_others = 100;
  const auto map = congestion_control::empty_map(for_link);
  return test::must(test::fd(::fcntl(map.get(), F_DUPFD_CLOEXEC, far_from_others)), "keeping a map");
}

struct by_value {
  bool for_link;
  congestion_control control{test::unique_control_name()};
  test::fd map = new_map(for_link);
  std::optional<expected<struct_ops_link>> link = {};

  void attach_it() { link.emplace(attach(struct_ops_options{.map = of(map), .value = control.value()})); }
  void expect_registered(bool wanted, const std::string& where) const {
    expect_equal(is_registered(control), wanted, "registered after " + where);
  }
  void renew() {
    link.reset();
    expect_registered(false, "letting go");
    map.reset();
    map = new_map(for_link);
  }
  void unregister() const {
    const std::uint32_t key = 0;
    expect_equal(test::map_delete(map.get(), &key), 0, "unregistering");
  }
};

}  // namespace

TEST_CASE("faults: struct_ops", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const auto result = test::in_child([] {
    const congestion_control control;
    const auto map = control.filled_map();
    expect(faults::fail_attach([&] { return attach(struct_ops_options{.map = of(map)}); },
                               [&] { return is_registered(control) ? 1 : 0; }) >= faults::all_errors().size());
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: struct_ops with a value", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_struct_ops());
  for (const bool for_link : {true, false}) {
    if (for_link && !test::at_least(6, 4)) continue;
    const auto result = test::in_child([for_link] {
      by_value here{for_link};
      test::syscall_supervisor supervisor;
      const faults::operation attaching{.run =
                                            [&here] {
                                              here.attach_it();
                                              return outcome_of(*here.link);
                                            },
                                        .after =
                                            [&here](const outcome& ended, const std::string& where) {
                                              here.expect_registered(!ended, where);
                                              here.renew();
                                            }};
      expect(faults::fail_all(supervisor, faults::few_errors(), attaching) >= 3 * faults::few_errors().size());
    });
    CHECK(result.failure() == "");
  }
}

TEST_CASE("faults: updating a struct_ops link", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const bool expecting = GENERATE(true, false);
  const auto result = test::in_child([expecting] {
    const congestion_control control;
    const auto map = control.filled_map();
    const auto next = control.filled_map();
    auto link = must(attach(struct_ops_options{.map = of(map)}));
    test::syscall_supervisor supervisor;
    const auto has = [&link] { return std::get<struct_ops_info>(must(link.info()).details).map->value(); };
    const faults::operation updating{
        .run = [&] { return outcome_of(expecting ? link.update(of(next), of(map)) : link.update(of(next))); },
        .after =
            [&](const outcome& ended, const std::string& where) {
              expect_equal(has(), test::map_id(ended ? map.get() : next.get()), "the map after " + where);
              if (!ended) expect_equal(test::link_update(link.fd().get(), map.get()), 0);
            }};
    expect(faults::fail_all(supervisor, faults::few_errors(), updating) >= 3 * faults::few_errors().size());
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: asking a struct_ops link whether it is detached", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const bool waiting = GENERATE(true, false);
  if (waiting && !test::at_least(6, 11)) return;
  const auto result = test::in_child([waiting] {
    const congestion_control control;
    const auto map = control.filled_map();
    const auto link = must(attach(struct_ops_options{.map = of(map)}));
    test::syscall_supervisor supervisor;
    const faults::operation asking{
        .run =
            [&] {
              const auto answer = waiting ? link.wait_detached(std::chrono::milliseconds{0}) : link.detached();
              expect(!answer || !*answer, "it is said to be detached");
              return outcome_of(answer);
            },
        .after = [](const outcome&, const std::string&) {},
        // A kernel that knows less is asked for less.
        .tolerated = [](const test::system_call&, int error) { return error == EINTR || error == E2BIG; }};
    expect(faults::fail_all(supervisor, faults::all_errors(), asking) >= faults::all_errors().size());
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: unregistering what was registered by its value", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_struct_ops());
  const bool closing = GENERATE(true, false);
  const auto result = test::in_child([closing] {
    by_value here{false};
    here.attach_it();
    test::syscall_supervisor supervisor;
    const faults::operation letting_go{
        .run = [&] { return outcome_of(closing ? (*here.link)->close() : (*here.link)->detach()); },
        .after =
            [&](const outcome& ended, const std::string& where) {
              const bool refused = ended && ended->operation() == operation::map_delete;
              here.expect_registered(refused, where);
              if (closing) {
                expect(!**here.link, "the handle is not empty after " + where);
                if (refused) here.unregister();
              } else {
                // What failed can be done again.
                expect_equal(sentence((*here.link)->detach()), "");
              }
              here.renew();
              here.attach_it();
              expect_equal(sentence(*here.link), "");
            },
        .tolerated = [](const test::system_call&, int error) { return error == EINTR; }};
    expect(faults::fail_all(supervisor, faults::few_errors(), letting_go) >= faults::few_errors().size());
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
