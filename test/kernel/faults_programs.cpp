// SPDX-License-Identifier: MIT
// Programs, and attaching them without links, where each system call fails in turn.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpflink/attach/raw_program.hpp"
#include "bpflink/load.hpp"
#include "faults.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/privileges.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

constexpr auto egress = test::attach_type::cgroup_inet_egress;
using faults::outcome;
using faults::outcome_of;

constexpr std::array<instruction, 2> return_zero{instruction{.code = 0xb7}, instruction{.code = 0x95}};

// `make` gives a program; `tolerated` says after which faults it may.
template <class Make>
std::size_t fail_making(const Make& make, const faults::tolerance& tolerated = faults::may_work,
                        const std::vector<faults::meaning>& also = {}) {
  std::optional<decltype(make())> made;
  test::syscall_supervisor supervisor;
  return faults::fail_all(supervisor, faults::all_errors(),
                          {.run =
                               [&] {
                                 made.emplace(make());
                                 return outcome_of(*made);
                               },
                           .after =
                               [&](const outcome& ended, const std::string& where) {
                                 if (!ended) expect(test::program_id((*made)->fd().get()) != 0, "no program " + where);
                                 made.reset();
                               },
                           .tolerated = tolerated,
                           .also = also});
}

// A load that fails is made once more, for the verifier's words.
bool loads_again(const test::system_call&, int) { return true; }

}  // namespace

TEST_CASE("faults: loading a program", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::in_child([] {
    const program_options options{.type = program_type::socket_filter, .instructions = return_zero, .name = "fault"};
    expect(fail_making([&] { return program::load(options); }, loads_again) >= faults::all_errors().size());
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: loading a program for a target by name", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  SKIP_IF(test::needs_vmlinux_btf());
  const auto result = test::in_child([] {
    const program_options options{.type = program_type::tracing,
                                  .instructions = return_zero,
                                  .license = "GPL",
                                  .expected_attach_type = attach_type::trace_iter,
                                  .target = load_target::name("task")};
    // Where there is no file of the kernel's types, the kernel has none.
    expect(fail_making([&] { return program::load(options); }, loads_again, {{ENOENT, errc::not_supported}}) >=
           faults::all_errors().size());
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: a program that the verifier refuses", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::in_child([] {
    constexpr std::array only_exit{instruction{.code = 0x95}};
    const program_options options{.type = program_type::socket_filter, .instructions = only_exit};
    test::syscall_supervisor supervisor;
    expect(faults::fail_refused(supervisor, EACCES, [&] { return program::load(options); }) > 0);
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: opening, pinning and asking a program", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const test::bpffs_fixture pins;
  const auto path = pins / "pin";
  const auto in_child = [&](const std::function<void(const test::fd&)>& f) {
    return test::in_child([&] {
             auto program = test::load({});
             f(program);
             faults::expect_freed(std::move(program));
           })
        .failure();
  };
  CHECK(in_child([&](const test::fd& program) {
          expect_equal(test::obj_pin(program.get(), path), 0);
          const auto what_it_is = [](const test::system_call& call, int) {
            return call.number != SYS_bpf || call.command() != test::command::obj_get;
          };
          expect(fail_making([&] { return program::open_pinned(path); }, what_it_is) > 0);
          expect_equal(::unlink(path.c_str()), 0);
        }) == "");
  CHECK(in_child([&](const test::fd& program) {
          const bpflink::program_id id{test::program_id(program.get())};
          expect(fail_making([&] { return program::from_id(id); }) > 0);
        }) == "");
  CHECK(in_child([&](const test::fd& raw) {
          const auto ours = must(program::from_id(bpflink::program_id{test::program_id(raw.get())}));
          expect(fail_making([&] { return ours.duplicate(); }) > 0);
        }) == "");
  CHECK(in_child([&](const test::fd& raw) {
          const auto ours = must(program::from_id(bpflink::program_id{test::program_id(raw.get())}));
          test::syscall_supervisor supervisor;
          const auto run = [&] { return outcome_of(ours.info()); };
          expect(faults::fail_all(supervisor, faults::all_errors(), {run, [](const auto&, const auto&) {}}) > 0);
        }) == "");
  CHECK(in_child([&](const test::fd& raw) {
          const auto ours = must(program::from_id(bpflink::program_id{test::program_id(raw.get())}));
          test::syscall_supervisor supervisor;
          const auto run = [&] { return outcome_of(ours.pin(path)); };
          const auto check = [&](const outcome& ended, const std::string& where) {
            expect_equal(test::path_exists(path), !ended, "pin after " + where);
            if (!ended) expect_equal(::unlink(path.c_str()), 0);
          };
          expect(faults::fail_all(supervisor, faults::all_errors(), {run, check}) > 0);
        }) == "");
}

TEST_CASE("faults: attaching and detaching without a link", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto mode = GENERATE(attach_mode::exclusive, attach_mode::multi);
  const auto attached = [&] { return static_cast<int>(test::query(cgroup.get(), egress).ids.size()); };
  const std::uint32_t flags = mode == attach_mode::multi ? test::flag::allow_multi : 0U;
  const auto check = [&](const test::counted_program& program, bool expected, const std::string& where) {
    expect_equal(attached(), expected ? 1 : 0, "attachments after " + where);
    if (attached() != 0) expect_equal(test::prog_detach(cgroup.get(), program.get(), egress), 0);
  };
  const auto attaching = test::in_child([&] {
    auto program = load_egress();
    const raw_attach_options options{.target = fd_ref{cgroup.get()},
                                     .hook = attach_type::cgroup_inet_egress,
                                     .program = borrow(program),
                                     .mode = mode};
    test::syscall_supervisor supervisor;
    const faults::operation tested{
        .run = [&] { return outcome_of(attach_program(options)); },
        .after = [&](const outcome& ended, const std::string& where) { check(program, !ended, where); }};
    expect(faults::fail_all(supervisor, faults::all_errors(), tested) > 0);
    faults::expect_freed(std::move(program));
  });
  CHECK(attaching.failure() == "");
  const auto detaching = test::in_child([&] {
    auto program = load_egress();
    const raw_detach_options options{
        .target = fd_ref{cgroup.get()}, .hook = attach_type::cgroup_inet_egress, .program = borrow(program)};
    const auto attach_again = [&] { expect_equal(test::prog_attach({cgroup.get(), program.get(), egress, flags}), 0); };
    attach_again();
    test::syscall_supervisor supervisor;
    const faults::operation tested{.run = [&] { return outcome_of(detach_program(options)); },
                                   .after =
                                       [&](const outcome& ended, const std::string& where) {
                                         check(program, ended.has_value(), where);
                                         attach_again();
                                       }};
    expect(faults::fail_all(supervisor, faults::all_errors(), tested) > 0);
    check(program, true, "all");
    faults::expect_freed(std::move(program));
  });
  CHECK(detaching.failure() == "");
}

}  // namespace bpflink
