// SPDX-License-Identifier: MIT
// Attaching and detaching without a link at interfaces, maps and network namespaces, where each system call fails in
// turn; at cgroups see faults_programs.cpp.
#include <cerrno>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bpflink/attach/raw_program.hpp"
#include "faults.hpp"
#include "netns_programs.hpp"
#include "sockmap_helpers.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;

// A hook in the calling thread's network namespace: as the library knows it, and as the kernel does.
struct raw_place {
  raw_target target;
  attach_type hook;
  int queried;   // what a query takes
  int attached;  // what an attach takes
  std::function<test::counted_program()> load;

  [[nodiscard]] std::uint32_t type() const { return static_cast<std::uint32_t>(hook); }
  [[nodiscard]] bool has(const test::counted_program& program) const {
    const auto ids = test::query(queried, type()).ids;
    expect(ids.size() < 2, "several programs are attached");
    return ids == std::vector{test::program_id(program.get())};
  }
  void attach(const test::counted_program& program) const {
    expect_equal(test::prog_attach({.target = attached, .program_fd = program.get(), .type = type()}), 0);
  }
  void detach(const test::counted_program& program) const {
    if (has(program)) expect_equal(test::prog_detach(attached, program.get(), type()), 0);
  }
};

void expect_well(const raw_place& place, std::span<const int> errors = faults::all_errors()) {
  auto program = place.load();
  test::syscall_supervisor supervisor;
  const raw_attach_options attaching{.target = place.target, .hook = place.hook, .program = borrow(program)};
  const faults::operation attach{.run = [&] { return outcome_of(attach_program(attaching)); },
                                 .after =
                                     [&](const outcome& ended, const std::string& where) {
                                       expect(place.has(program) == !ended, "attached after " + where);
                                       place.detach(program);
                                     }};
  expect(faults::fail_all(supervisor, errors, attach) >= errors.size());
  place.detach(program);

  place.attach(program);
  const raw_detach_options detaching{.target = place.target, .hook = place.hook, .program = borrow(program)};
  const faults::operation detach{.run = [&] { return outcome_of(detach_program(detaching)); },
                                 .after =
                                     [&](const outcome& ended, const std::string& where) {
                                       expect(place.has(program) == ended.has_value(), "detached after " + where);
                                       if (!ended) place.attach(program);
                                     }};
  expect(faults::fail_all(supervisor, errors, detach) >= errors.size());
  place.detach(program);
  faults::expect_freed(std::move(program));
}

std::string in_netns(const std::function<void(const test::netns_fixture&)>& f) {
  return test::in_child(
             [&] {
               const test::netns_fixture netns;
               netns.run([&] { f(netns); });
             },
             100)
      .failure();
}

}  // namespace

TEST_CASE("faults: a program at an interface without a link", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(6, 6, "tcx"));
  CHECK(in_netns([](const test::netns_fixture&) {
          expect_well({.target = ifindex{1}, .hook = attach_type::tcx_ingress, .queried = 1, .attached = 1, .load = [] {
                         return load_tc();
                       }});
        }) == "");
}

TEST_CASE("faults: a program at a map without a link", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 18, "queries of maps"));
  CHECK(in_netns([](const test::netns_fixture&) {
          const auto map = socket_map();
          expect_well({.target = fd_ref{map.get()},
                       .hook = attach_type::sk_msg_verdict,
                       .queried = map.get(),
                       .attached = map.get(),
                       .load = [] { return load_verdict(); }});
        }) == "");
}

TEST_CASE("faults: a flow dissector without a link", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 2, "queries of network namespaces"));
  // Not EINVAL: what it means is asked of the namespace, whose file may fail to open then.
  static constexpr int errors[] = {EPERM, ENOMEM, ENOENT, EBUSY};
  CHECK(in_netns([](const test::netns_fixture& netns) {
          expect_well({.target = raw_target::this_netns(),
                       .hook = attach_type::flow_dissector,
                       .queried = netns.get(),
                       .attached = 0,
                       .load = [] { return load_dissector(); }},
                      errors);
        }) == "");
}

}  // namespace bpflink
