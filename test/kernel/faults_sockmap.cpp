// SPDX-License-Identifier: MIT
// Maps, where each system call fails in turn: by link, without, and while failures are explained.
#include <cerrno>
#include <functional>
#include <string>

#include "faults_bare.hpp"
#include "sockmap_helpers.hpp"
#include "support/catch.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"

namespace bpflink {

namespace {

// A kernel that does not know the question is taken for an older one. An older one says EINVAL to a link by itself.
bool may_work(const test::system_call& call, int error) {
  const bool asks = call.command() == test::command::prog_query;
  const bool links = call.command() == test::command::link_create && !test::at_least(6, 10);
  return (asks && error == EINVAL) || (links && error == EINVAL) || faults::may_work(call, error);
}

using attachment = faults::bare_attachment<sockmap_link>;

// An operation of what is attached to a map without a link, with each of its calls failing in turn.
std::string fails_well(const std::function<faults::operation(attachment&)>& tested) {
  const auto map = socket_map();
  const faults::bare_hook<sockmap_link> hook{
      .attach = [&map](program_ref program) { return attach(at_map(map, program)); },
      .attached = [&map] { return programs_at(map); },
      .detach =
          [&map](const test::fd& program) {
            return test::prog_detach(map.get(), program.get(), test::attach_type::sk_msg_verdict);
          }};
  return test::in_child(
             [&] {
               attachment here{hook, load_verdict(), load_verdict()};
               here.fail(faults::few_errors(), tested(here));
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
  CHECK(fails_well([](auto& here) {
          return here.update(may_work, {{ENOENT, errc::defunct}, {EEXIST, errc::already_exists}});
        }) == "");
}

TEST_CASE("old faults: detaching a program from a sockmap", "[.][old-sockmap-faults]") {
  CHECK(fails_well([](auto& here) { return here.detach(); }) == "");
}

TEST_CASE("old faults: closing what is attached to a sockmap", "[.][old-sockmap-faults]") {
  CHECK(fails_well([](auto& here) { return here.close(); }) == "");
}

}  // namespace bpflink
