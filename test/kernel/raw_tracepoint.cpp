// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_tracepoint.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "bpflink/info.hpp"
#include "helpers.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

using test::contains;
namespace of = test::prog_type;

constexpr std::int32_t current_pid_tgid = 14;

struct counting {
  test::fd counter = test::counter_map(2);
  test::fd program;
  [[nodiscard]] std::uint64_t runs() const { return test::counter(counter.get()); }
  [[nodiscard]] std::uint64_t cookie() const { return test::counter(counter.get(), 1); }
};

// At sys_enter: counts this process's calls of getppid(2), the second argument of the tracepoint.
counting count_getppid(bool with_cookie = false) {
  using namespace test;
  counting result;
  auto code = assembler();
  code.mov(r6, r1)
      .load(width::u64, r7, r1, 8)
      .jump_if(jump::not_equal, r7, SYS_getppid, "out")
      .call(current_pid_tgid)
      // The process is in the upper half.
      .store(width::u64, r10, -16, r0)
      .load(width::u32, r0, r10, -12)
      .jump_if(jump::not_equal, r0, static_cast<std::int32_t>(::getpid()), "out");
  if (with_cookie) {
    code.mov(r1, r6).call(helper::get_attach_cookie).mov(r8, r0);
    code.store(width::u32, r10, -4, 1)
        .mov(r2, r10)
        .add(r2, -4)
        .load_map(r1, result.counter.get())
        .call(helper::map_lookup_elem)
        .jump_if(jump::equal, r0, 0, "out")
        .store(width::u64, r0, 0, r8);
  }
  code.store(width::u32, r10, -4, 0)
      .mov(r2, r10)
      .add(r2, -4)
      .load_map(r1, result.counter.get())
      .call(helper::map_lookup_elem)
      .jump_if(jump::equal, r0, 0, "out")
      .mov(r1, 1)
      .atomic_add(width::u64, r0, 0, r1)
      .label("out")
      .mov(r0, 0)
      .exit();
  result.program = load({.type = prog_type::raw_tracepoint, .code = code.done(), .name = "count_getppid"});
  return result;
}

void call_getppid(int times) {
  for (int count = 0; count < times; ++count) ::syscall(SYS_getppid);
}

expected<raw_tracepoint_link> attach_at(zstring_view name, program_ref program,
                                        std::optional<cookie> value = std::nullopt) {
  return attach(raw_tracepoint_options{.name = name, .program = program, .cookie = value});
}

test::fd load_plain(std::uint32_t type = of::raw_tracepoint) {
  return test::load({.type = type, .code = test::return_value(0), .name = "plain"});
}

}  // namespace

TEST_CASE("raw_tracepoint: the program runs at each hit until the link is closed", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  const auto counted = count_getppid();
  auto link = attach_at("sys_enter", borrow(counted.program));
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == (test::at_least(5, 7) ? mechanism::link : mechanism::raw_tracepoint));
  CHECK(link->can_pin() == test::at_least(5, 7));
  call_getppid(5);
  CHECK(counted.runs() == 5);
  CHECK(sentence(link->close()) == "");
  call_getppid(3);
  CHECK(counted.runs() == 5);
}

TEST_CASE("raw_tracepoint: one program is attached to one tracepoint many times", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  const auto counted = count_getppid();
  const auto link = attach_at("sys_enter", borrow(counted.program));
  REQUIRE(sentence(link) == "");
  const auto twice = attach_at("sys_enter", borrow(counted.program));
  if (!test::at_least(6, 10)) {
    REQUIRE_FALSE(twice);
    CHECK(twice.error() == errc::already_exists);
    CHECK(twice.error().cause() == cause::already_attached);
    CHECK_THAT(twice.error().message(), contains("program 'count_getppid'"));
    CHECK_THAT(std::string{twice.error().hint()}, contains("since Linux 6.10 one can be attached many times"));
    return;
  }
  REQUIRE(sentence(twice) == "");
  call_getppid(1);
  CHECK(counted.runs() == 2);
}

TEST_CASE("raw_tracepoint: a kernel before 6.10 has a program at a tracepoint once", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto program = load_plain();
  const auto result = test::in_child([&] {
    const auto link = attach_at("sched_switch", borrow(program));
    test::expect_equal(sentence(link), "");
    test::syscall_supervisor supervisor({SYS_bpf});
    const auto refuse = [](const test::observed_call& call) {
      return call.command() == test::command::raw_tracepoint_open ? test::verdict::fail(EEXIST)
                                                                  : test::verdict::proceed();
    };
    static_cast<void>(supervisor.with_handler(refuse, [&] {
      const auto twice = attach_at("sched_switch", borrow(program));
      test::expect(!twice && twice.error() == errc::already_exists);
      test::expect(twice.error().cause() == cause::already_attached);
      test::expect(twice.error().reason().starts_with("program 'plain'"), twice.error().message());
      test::expect_equal(std::string{twice.error().hint()}, "since Linux 6.10 one can be attached many times");
    }));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("raw_tracepoint: a writable program changes what it is given", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 2, "writable raw tracepoints"));
  using namespace test;
  // bpf_test_finish gives a pointer to the errno with which BPF_PROG_TEST_RUN will answer.
  const auto program = load({.type = of::raw_tracepoint_writable,
                             .code = assembler()
                                         .load(width::u64, r6, r1, 0)
                                         .call(current_pid_tgid)
                                         .store(width::u64, r10, -8, r0)
                                         .load(width::u32, r0, r10, -4)
                                         .jump_if(jump::not_equal, r0, static_cast<std::int32_t>(::getpid()), "out")
                                         .store(width::u32, r6, 0, -EXDEV)
                                         .label("out")
                                         .mov(r0, 0)
                                         .exit()
                                         .done(),
                             .name = "write_errno"});
  const auto tested = load({.type = of::socket_filter, .code = return_value(0)});
  const auto run = [&] {
    const std::array<std::byte, 64> packet{};
    attribute attr;
    attr.put(0, tested.get()).put(8, std::uint32_t{packet.size()}).put_pointer(16, packet.data());
    return attr.call(command::prog_test_run, 80);
  };
  CHECK(run() == 0);
  auto link = attach_at("bpf_test_finish", borrow(program));
  REQUIRE(sentence(link) == "");
  CHECK(run() == -EXDEV);
  CHECK(sentence(link->close()) == "");
  CHECK(run() == 0);
}

TEST_CASE("raw_tracepoint: the program reads its cookie", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  constexpr cookie value{0x1234'5678'9abc'def0};
  if (!test::at_least(6, 10)) {
    const auto program = load_plain();
    const auto refused = attach_at("sys_enter", borrow(program), value);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::not_supported);
    CHECK(refused.error().cause() == cause::missing_feature);
    CHECK_THAT(refused.error().message(), contains("6.10"));
    CHECK(sentence(attach_at("sys_enter", borrow(program), cookie{0})) == "");
    return;
  }
  const auto counted = count_getppid(true);
  const auto link = attach_at("sys_enter", borrow(counted.program), value);
  REQUIRE(sentence(link) == "");
  call_getppid(1);
  CHECK(counted.runs() == 1);
  CHECK(counted.cookie() == value.value());
  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  const auto& details = std::get<raw_tracepoint_info>(info->details);
  CHECK(details.name.view() == "sys_enter");
  if (test::at_least(6, 17)) CHECK(details.cookie == value);
}

TEST_CASE("raw_tracepoint: a link tells its name, is pinned and opened again", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "information on links"));
  const test::bpffs_fixture bpffs;
  const auto program = load_plain();
  auto link = attach_at("cgroup_mkdir", borrow(program));
  REQUIRE(sentence(link) == "");
  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(info->type == link_type::raw_tracepoint);
  CHECK(info->program == program_id{test::program_id(program.get())});
  CHECK(std::get<raw_tracepoint_info>(info->details).name.view() == "cgroup_mkdir");
  CHECK_FALSE(info->defunct().has_value());

  CHECK(sentence(link->pin(bpffs / "mkdir")) == "");
  CHECK(sentence(link->close()) == "");
  CHECK(test::link_exists(info->id.value()));
  auto opened = raw_tracepoint_link::open_pinned(bpffs / "mkdir");
  REQUIRE(sentence(opened) == "");
  CHECK(opened->info()->id == info->id);
  CHECK(sentence(opened->unpin(bpffs / "mkdir")) == "");

  link_handle any = *std::move(opened);
  CHECK_FALSE(any.can_update());
  CHECK_FALSE(any.can_detach());
  CHECK(any.update(borrow(program)).error() == errc::not_supported);
  CHECK(any.detach().error() == errc::not_supported);
  CHECK(sentence(any.close()) == "");
  CHECK(test::link_ends(info->id.value()));
}

TEST_CASE("raw_tracepoint: a cgroup that is made and removed is seen", "[raw_tracepoint]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto made = test::load_counted(of::raw_tracepoint, 0, 0);
  const auto removed = test::load_counted(of::raw_tracepoint, 0, 0);
  const auto link_made = attach_at("cgroup_mkdir", borrow(made));
  const auto link_removed = attach_at("cgroup_rmdir", borrow(removed));
  REQUIRE(sentence(link_made) == "");
  REQUIRE(sentence(link_removed) == "");
  const test::cgroup_fixture another;
  CHECK(made.runs() > 0);
  cgroup.remove();
  CHECK(removed.runs() > 0);
}

TEST_CASE("raw_tracepoint: an unknown name is told with the near ones", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  const auto program = load_plain();
  const auto refused = [&](zstring_view name) {
    const auto link = attach_at(name, borrow(program));
    test::expect(!link, "attached");
    CHECK(link.error() == errc::not_found);
    CHECK(link.error().cause() == cause::no_such_name);
    CHECK(link.error().sys_errno() == ENOENT);
    CHECK_THAT(link.error().message(), contains("no raw tracepoint has this name"));
    return std::string{link.error().hint()};
  };
  CHECK(refused("bpflink_no_such_thing") == "");
  CHECK(refused(std::string(200, 'x')) == "");
  if (!test::needs_vmlinux_btf().empty() && !test::path_exists("/sys/kernel/tracing/available_events")) return;
  CHECK_THAT(refused("sched_swich"), contains("sched_switch"));
  CHECK_THAT(refused("Sched_Switch"), contains("sched_switch"));
  CHECK_THAT(refused("sched:sched_switch"), contains("no category: sched_switch"));
  CHECK_THAT(refused("sched/sched_wakup"), contains("sched_wakeup"));
  CHECK_THAT(refused("sys_enter_openat"), contains("sys_enter"));
}

TEST_CASE("raw_tracepoint: a program or name that cannot be is told", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  const auto check = [](const expected<raw_tracepoint_link>& link, errc code, bpflink::cause why,
                        const std::string& words) {
    INFO(sentence(link));
    REQUIRE_FALSE(link);
    CHECK(link.error().code() == code);
    CHECK(link.error().cause() == why);
    CHECK_THAT(link.error().message(), contains(words));
  };
  const auto plain = load_plain();
  const unique_fd empty;
  check(attach_at("sys_enter", empty), errc::bad_handle, cause::empty_handle, "program handle is empty");
  check(attach_at("", borrow(plain)), errc::invalid_argument, cause::bad_option, "the name is empty");
  check(attach_at("sys_enter", fd_ref{9999}), errc::bad_handle, cause::closed_descriptor, "9999 is closed (BPF_RAW_T");
  const auto map = test::counter_map();
  check(attach_at("sys_enter", fd_ref{map.get()}), errc::wrong_type, cause::not_a_program, "that of a map");
  const auto misfit = test::load({.type = of::xdp, .code = test::return_value(2), .name = "misfit"});
  check(attach_at("sys_enter", borrow(misfit)), errc::wrong_type, cause::wrong_program_type,
        "is of type xdp, this hook takes raw_tracepoint or raw_tracepoint_writable");

  // The ninth of sys_enter's two arguments.
  const auto reads_on = test::load(
      {.type = of::raw_tracepoint,
       .code = test::assembler().load(test::width::u64, test::r0, test::r1, 64).mov(test::r0, 0).exit().done()});
  check(attach_at("sys_enter", borrow(reads_on)), errc::invalid_argument, cause::unknown,
        "programs that read more arguments than the tracepoint has");
}

TEST_CASE("raw_tracepoint: attaching is one call", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto program = load_plain();
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor;
          const auto calls = [&](std::optional<cookie> value) {
            return supervisor.record_calls(
                [&] { test::expect(attach_at("cgroup_mkdir", borrow(program), value).has_value()); });
          };
          const auto plain = calls(std::nullopt);
          test::expect_equal(test::names(plain), "bpf(17) close");
          test::expect_equal(static_cast<std::int64_t>(plain[0].arguments[2]), 16, "size of the attribute");
          if (test::at_least(6, 10)) test::expect_equal(test::names(calls(cookie{7})), "bpf(17) close");
        }).failure() == "");
}

TEST_CASE("raw_tracepoint: before links the descriptor is none, and says so when asked", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  CHECK(test::on_old_kernel("old-raw-tracepoint", [] {
          using namespace test;
          refuse_bpf({command::link_create, command::obj_pin, command::obj_get_info_by_fd});
        }).failure() == "");
}

TEST_CASE("old raw_tracepoint: attached, not pinned, closed", "[.][old-raw-tracepoint]") {
  const auto counted = count_getppid();
  auto link = attach_at("sys_enter", borrow(counted.program));
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == mechanism::raw_tracepoint);
  CHECK_FALSE(link->can_pin());
  CHECK(link->fd());
  CHECK(link->pin("/sys/fs/bpf/none").error() == errc::not_supported);
  CHECK(link->info().error() == errc::not_supported);
  call_getppid(2);
  CHECK(counted.runs() == 2);
  CHECK(sentence(link->close()) == "");
  call_getppid(2);
  CHECK(counted.runs() == 2);
}

TEST_CASE("raw_tracepoint: a kernel without cookies is told with the version that has them", "[raw_tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  CHECK(test::on_old_kernel("old-raw-tracepoint-cookie", [] {}).failure() == "");
}

TEST_CASE("old raw_tracepoint: no cookies", "[.][old-raw-tracepoint-cookie]") {
  const auto program = load_plain();
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor{std::vector<long>{SYS_bpf}};
          const auto attach_with = [&](cookie value) {
            std::optional<expected<raw_tracepoint_link>> link;
            supervisor.with_handler(
                [](const test::observed_call& call) {
                  // What is not zero behind all that the command knows.
                  const bool unknown =
                      call.command() == test::command::raw_tracepoint_open && call.at<std::uint64_t>(16) != 0;
                  return unknown ? test::verdict::fail(EINVAL) : test::verdict::proceed();
                },
                [&] { link.emplace(attach_at("cgroup_mkdir", borrow(program), value)); });
            return *std::move(link);
          };
          const auto refused = attach_with(cookie{5});
          test::expect(!refused);
          test::expect(refused.error() == errc::not_supported);
          test::expect(refused.error().reason().find("6.10") != std::string_view::npos);
          test::expect_equal(sentence(attach_with(cookie{0})), "");
        }).failure() == "");
}

}  // namespace bpflink
