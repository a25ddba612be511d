// SPDX-License-Identifier: MIT
// What is attached to a cgroup.
#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <ranges>
#include <string>
#include <vector>

#include "child_helpers.hpp"
#include "order_helpers.hpp"
#include "refusals.hpp"
#include "support/alloc_counter.hpp"
#include "support/child.hpp"
#include "support/syscall_supervisor.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

test::fd egress() {
  return test::load(
      {.type = of::cgroup_skb, .code = test::return_value(1), .expected_attach_type = at::cgroup_inet_egress});
}

// So many programs beside each other, for as long as their cgroup.
std::vector<std::uint32_t> fill(int cgroup, std::size_t count) {
  std::vector<std::uint32_t> ids;
  for (; count > 0; --count) {
    const auto program = egress();
    REQUIRE(test::prog_attach({cgroup, program.get(), at::cgroup_inet_egress, test::flag::allow_multi}) == 0);
    ids.push_back(test::program_id(program.get()));
  }
  return ids;
}

}  // namespace

TEST_CASE("query: a cgroup's programs, in each of its modes", "[query]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto nothing = ask_egress(cgroup.path());
  REQUIRE(sentence(nothing) == "");
  CHECK(nothing->empty());
  CHECK_FALSE(nothing->mode());
  CHECK(nothing->begin() == nothing->end());
  const auto program = egress();
  const program_id id{test::program_id(program.get())};
  const std::pair<std::uint32_t, attach_mode> modes[] = {{0, attach_mode::exclusive},
                                                         {test::flag::allow_override, attach_mode::override},
                                                         {test::flag::allow_multi, attach_mode::multi}};
  for (const auto& [flags, mode] : modes) {
    INFO(to_string(mode));
    REQUIRE(test::prog_attach({cgroup.get(), program.get(), at::cgroup_inet_egress, flags}) == 0);
    const auto found = ask_egress(fd_ref{cgroup.get()});
    REQUIRE(sentence(found) == "");
    CHECK(found->size() == 1);
    CHECK((*found)[0].program == id);
    CHECK_FALSE((*found)[0].link);
    CHECK(found->contains(id));
    CHECK_FALSE(found->contains(program_id{id.value() + 1}));
    CHECK(found->mode() == mode);
    CHECK(found->revision().has_value() == has_cgroup_order());
    REQUIRE(test::prog_detach(cgroup.get(), program.get(), at::cgroup_inet_egress) == 0);
  }
  const auto link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(program)});
  REQUIRE(sentence(link) == "");
  // To a cgroup's query links are programs like others.
  const auto found = ask_egress(cgroup.path());
  CHECK((*found)[0].program == id);
  CHECK_FALSE((*found)[0].link);
  CHECK(found->mode() == attach_mode::multi);
}

TEST_CASE("query: the effective programs are those of the cgroups above as well", "[query]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto below = cgroup.child("below");
  const auto directory = test::open_file(below, O_RDONLY | O_CLOEXEC);
  const auto above = fill(cgroup.get(), 2);
  const auto own = fill(directory.get(), 1);
  CHECK(ids_in(*ask_egress(below)) == own);
  const auto effective = ask_egress(below, attached_view::effective);
  REQUIRE(sentence(effective) == "");
  const auto raw = test::query(directory.get(), at::cgroup_inet_egress, 1);
  CHECK(ids_in(*effective) == raw.ids);
  CHECK((*effective)[0].program.value() == own[0]);
  for (const auto id : above) CHECK(effective->contains(program_id{id}));
  CHECK_FALSE(effective->mode());
  CHECK_FALSE(effective->revision());
}

TEST_CASE("query: more effective programs than there are at one hook", "[query]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto below = cgroup.child("below");
  const auto lowest = cgroup.child("below/lowest");
  const auto middle = test::open_file(below, O_RDONLY | O_CLOEXEC);
  const auto directory = test::open_file(lowest, O_RDONLY | O_CLOEXEC);
  static_cast<void>(fill(cgroup.get(), 64));
  const auto full = ask_egress(cgroup.path());
  REQUIRE(sentence(full) == "");
  CHECK(full->size() == 64);
  static_cast<void>(fill(middle.get(), 64));
  static_cast<void>(fill(directory.get(), 3));
  auto effective = ask_egress(lowest, attached_view::effective);
  REQUIRE(sentence(effective) == "");
  CHECK(effective->size() >= 131);
  CHECK(ids_in(*effective) == test::query(directory.get(), at::cgroup_inet_egress, 1).ids);
  // What does not fit inside moves as well.
  const auto ids = ids_in(*effective);
  attached_programs moved = *std::move(effective);
  CHECK(ids_in(moved) == ids);
  attached_programs assigned;
  assigned = std::move(moved);
  CHECK(ids_in(assigned) == ids);

  // As much memory as the kernel asks for, and no more calls than that takes.
  if (test::needs_supervisor().empty()) {
    CHECK(test::in_child([&] {
            test::syscall_supervisor supervisor;
            const auto calls = test::names(supervisor.record_calls(
                [&] { static_cast<void>(ask_egress(fd_ref{directory.get()}, attached_view::effective)); }));
            expect_equal(calls, "bpf(16) bpf(16)");
          }).failure() == "");
  }
  int number = 0;
  const bool ran = test::without_memory([&] {
    const auto none = ask_egress(fd_ref{directory.get()}, attached_view::effective);
    number = none ? 0 : none.error().sys_errno();
  });
  if (ran) CHECK(number == ENOMEM);
}

TEST_CASE("query: a hook that grows and shrinks while it is asked", "[query]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  test::cgroup_fixture cgroup;
  const auto ids = fill(cgroup.get(), 3);
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor{std::vector<long>{SYS_bpf}};
          int asked = 0;
          std::optional<expected<attached_programs>> found;
          // Twice there are more than was made room for; by the third time most are gone.
          supervisor.with_handler(
              [&asked](const test::observed_call& call) {
                if (call.command() != test::command::prog_query || ++asked > 2) return test::verdict::proceed();
                const std::uint32_t count = asked == 1 ? 100 : 1000;
                std::memcpy(reinterpret_cast<std::byte*>(call.arguments[1]) + 24, &count, sizeof count);
                return test::verdict::fail(ENOSPC);
              },
              [&] { found.emplace(ask_egress(fd_ref{cgroup.get()})); });
          expect_equal(sentence(*found), "");
          expect(ids_in(**found) == ids, "others than are attached");
          expect_equal(asked, 3);
        }).failure() == "");
}

TEST_CASE("query: an ordinary query allocates nothing, and is one call", "[query]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  static_cast<void>(fill(cgroup.get(), 64));
  const auto count = test::allocations([&] { static_cast<void>(ask_egress(fd_ref{cgroup.get()})); });
  CHECK(count.value_or(0) == 0);
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor;
          const auto calls = [&](cgroup_target target) {
            return test::names(supervisor.record_calls([&] { static_cast<void>(ask_egress(target)); }));
          };
          expect_equal(calls(fd_ref{cgroup.get()}), "bpf(16)");
          expect_equal(calls(cgroup.path()), "openat(" + cgroup.path() + ") bpf(16) close");
        }).failure() == "");
}

TEST_CASE("query: what cannot be asked of a cgroup is told by its cause", "[query]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const unique_fd empty;
  check_refused(ask_egress(empty), errc::bad_handle, cause::empty_handle, 0, "the cgroup handle is empty");
  check_refused(ask_egress(""), errc::bad_handle, cause::empty_handle, 0, "the cgroup handle is empty");
  check_refused(ask_egress(fd_ref{9999}), errc::bad_handle, cause::closed_descriptor, EBADF, "is closed");
  check_refused(ask_egress("/nowhere/at/all"), errc::not_found, cause::no_such_path, ENOENT,
                "query cgroup inet_egress of /nowhere/at/all: no such cgroup");
  check_refused(ask_egress("/dev"), errc::invalid_argument, cause::not_a_cgroup, EBADF, "no cgroup v2 directory");
  check_refused(query(cgroup_query{.cgroup = cgroup.path(), .hook = static_cast<cgroup_hook>(17)}), errc::not_supported,
                cause::no_such_operation, EINVAL, "");

  if (test::at_least(4, 20)) {
    CHECK(test::in_child([&] {
            test::become_nobody();
            const auto error = failure_of(ask_egress(fd_ref{cgroup.get()}));
            expect(error == errc::permission_denied, error.message());
            expect(error.cause() == cause::missing_capability, error.message());
            expect_contains(error.message(), "CAP_NET_ADMIN is missing");
          }).failure() == "");
  }
  const auto directory = test::open_file(cgroup.path(), O_RDONLY | O_CLOEXEC);
  cgroup.remove();
  check_refused(ask_egress(fd_ref{directory.get()}), errc::defunct, cause::target_gone, ENOENT, "was removed");
}

}  // namespace bpflink
