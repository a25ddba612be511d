// SPDX-License-Identifier: MIT
#include "bpflink/attach/cgroup.hpp"

#include <fcntl.h>

#include <string>

#include "bpflink/info.hpp"
#include "cgroup_hooks.hpp"
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/run_counter.hpp"
#include "support/traffic.hpp"

namespace bpflink {

namespace {

bool has(const cgroup_hook_row& row) { return test::at_least(row.since.release, row.since.minor); }

test::counted_program load_for(const cgroup_hook_row& row) { return test::load_counted(row.program, row.number, 1); }

std::uint64_t runs_in(test::cgroup_fixture& cgroup, const test::counted_program& program) {
  const auto before = program.runs();
  cgroup.enter([] { test::every_cgroup_event(); });
  return program.runs() - before;
}

}  // namespace

TEST_CASE("cgroup: each of the 28 hooks runs its program until it is detached or closed", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  for (const auto& row : cgroup_hooks) {
    if (!has(row)) continue;
    INFO(row.name);
    CHECK(static_cast<std::uint32_t>(row.hook) == row.number);
    CHECK(to_string(row.hook) == row.name);
    const auto program = load_for(row);
    CHECK(runs_in(cgroup, program) == 0);

    auto link = attach(cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = row.hook, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    CHECK(link->mechanism() == best_cgroup_mechanism());
    CHECK(runs_in(cgroup, program) > 0);
    const auto there = test::query(cgroup.get(), row.number);
    CHECK(there.ids == std::vector{test::program_id(program.get())});

    if (test::at_least(5, 9) || link->mechanism() != mechanism::link) {
      CHECK(sentence(link->detach()) == "");
      CHECK(runs_in(cgroup, program) == 0);
      CHECK(sentence(link->detach()) == "");
      auto second = attach(cgroup_options{.cgroup = cgroup.path(), .hook = row.hook, .program = borrow(program)});
      REQUIRE(sentence(second) == "");
      link = std::move(second);
      CHECK(runs_in(cgroup, program) > 0);
    }
    CHECK(sentence(link->close()) == "");
    CHECK_FALSE(*link);
    CHECK(runs_in(cgroup, program) == 0);
    CHECK(test::query(cgroup.get(), row.number).ids.empty());
  }
}

TEST_CASE("cgroup: a hook that this kernel has not got is told with the version that has it", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  for (const auto& row : cgroup_hooks) {
    if (has(row)) continue;
    INFO(row.name);
    CHECK(test::try_load({.type = row.program, .code = test::return_value(1), .expected_attach_type = row.number})
              .error() == EINVAL);
    // What can be loaded here is for an older hook.
    const bool type_known = row.program == test::prog_type::cgroup_sock_addr;
    const auto program = test::load(
        {.type = row.program == test::prog_type::cgroup_sock || type_known ? row.program
                                                                           : std::uint32_t{test::prog_type::cgroup_skb},
         .code = test::return_value(1),
         .expected_attach_type = type_known ? test::attach_type::cgroup_inet4_connect : 0U});
    const auto refused =
        attach(cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = row.hook, .program = borrow(program)});
    REQUIRE_FALSE(refused);
    if (row.program != test::info_of_program(program.get()).type) {
      CHECK(refused.error() == errc::wrong_type);
      continue;
    }
    CHECK(refused.error() == errc::not_supported);
    CHECK(refused.error().cause() == cause::missing_feature);
    const auto version = std::to_string(row.since.release) + "." + std::to_string(row.since.minor);
    CHECK_THAT(refused.error().message(), test::contains("Linux " + version));
  }
}

TEST_CASE("cgroup: the target is named by path, string, descriptor or O_PATH descriptor", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const auto check = [&](cgroup_target target) {
    const auto before = test::query(cgroup.get(), test::attach_type::cgroup_inet_egress).ids.size();
    const auto link =
        attach(cgroup_options{.cgroup = target, .hook = cgroup_hook::inet_egress, .program = borrow(program)});
    CHECK(sentence(link) == "");
    CHECK(test::query(cgroup.get(), test::attach_type::cgroup_inet_egress).ids.size() == before + 1);
  };
  const auto path_only = test::open_file(cgroup.path(), O_PATH | O_CLOEXEC);
  const auto owner = unique_fd::adopt(test::open_file(cgroup.path(), O_RDONLY | O_DIRECTORY).release());
  check(cgroup.path());
  check(cgroup.path().c_str());
  check(zstring_view{cgroup.path()});
  check(fd_ref{cgroup.get()});
  check(fd_ref{path_only.get()});
  check(owner);
}

TEST_CASE("cgroup: a link tells its cgroup and hook, and once detached that it is defunct", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 8, "information on links"));
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  auto link = attach(
      cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = borrow(program)});
  REQUIRE(sentence(link) == "");

  auto info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(info->type == link_type::cgroup);
  CHECK(info->id.value() == test::info_of_link(link->fd().get()).id());
  CHECK(info->program == program_id{test::program_id(program.get())});
  REQUIRE(std::get_if<cgroup_info>(&info->details) != nullptr);
  CHECK(std::get<cgroup_info>(info->details).cgroup_id == cgroup.id());
  CHECK(std::get<cgroup_info>(info->details).hook == attach_type::cgroup_inet_egress);
  CHECK(info->defunct() == false);

  cgroup.remove();
  CHECK(test::eventually([&] { return link->info()->defunct() == true; }));
  info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(std::get<cgroup_info>(info->details).cgroup_id == 0);
  CHECK(info->program == program_id{test::program_id(program.get())});
}

TEST_CASE("cgroup: a program runs for the cgroups below, and beside others", "[cgroup]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto below = cgroup.child("below");
  const auto first = load_egress();
  const auto second = load_egress();
  const auto link_first =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(first)});
  const auto link_second =
      attach(cgroup_options{.cgroup = below, .hook = cgroup_hook::inet_egress, .program = borrow(second)});
  const auto link_third =
      attach(cgroup_options{.cgroup = below, .hook = cgroup_hook::inet_egress, .program = borrow(first)});
  REQUIRE(sentence(link_first) == "");
  REQUIRE(sentence(link_second) == "");
  REQUIRE(sentence(link_third) == "");

  test::cgroup_fixture::enter(below, [] { CHECK(test::udp_send() == 0); });
  CHECK(second.runs() == 1);
  CHECK(first.runs() == 2);
  cgroup.enter([] { CHECK(test::udp_send() == 0); });
  CHECK(second.runs() == 1);
  CHECK(first.runs() == 3);
}

}  // namespace bpflink
