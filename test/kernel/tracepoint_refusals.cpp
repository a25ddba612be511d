// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"
#include "tracepoint_helpers.hpp"

namespace bpflink {

namespace {

bpf_error refusal(const char* category, const char* name, program_ref program) {
  return failure_of(attach(tracepoint_options{.category = category, .name = name, .program = program}));
}

void hide_tracefs() {
  test::hide(usual_tracefs);
  if (test::path_exists("/sys/kernel/debug/tracing")) test::hide("/sys/kernel/debug");
}

}  // namespace

TEST_CASE("tracepoint: names that there are not are told, with those that are near", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          const auto missing = [&](const char* category, const char* name, const std::string& hint) {
            const auto refused = refusal(category, name, borrow(program));
            expect(refused == errc::not_found);
            expect(refused.cause() == cause::no_such_name);
            expect_contains(refused.message(), std::string{category} + "/" + name);
            expect_contains(std::string{refused.hint()}, hint);
          };
          missing("syscalls", "sys_enter_sched_get_priority_mxa", "sys_enter_sched_get_priority_max");
          missing("syscals", "sys_enter_getpid", "there is syscalls/sys_enter_getpid");
          missing("sched", "sys_enter_getpid", "there is syscalls/sys_enter_getpid");
          missing("shced", "shced_switch", "a near name is sched");
          missing("sched", "enable", "");
          missing("enable", "sched_switch", "there is sched/sched_switch");
          expect(refusal("no_such_category_at_all", "x", borrow(program)).hint().empty());
        }) == "");
}

TEST_CASE("tracepoint: what can be no name is refused before any system call", "[tracepoint]") {
  const auto refuse = [](const char* category, const char* name) {
    const auto link = attach(tracepoint_options{.category = category, .name = name, .program = fd_ref{9999}});
    REQUIRE_FALSE(link);
    CHECK(link.error() == errc::invalid_argument);
    CHECK(link.error().cause() == cause::bad_option);
    CHECK(link.error().operation() == operation::none);
    return link.error().message();
  };
  CHECK_THAT(refuse("", "sched_switch"), test::contains("the category is empty"));
  CHECK_THAT(refuse("sched", ""), test::contains("the name is empty"));
  CHECK_THAT(refuse("..", "x"), test::contains("'..' cannot be the category"));
  CHECK_THAT(refuse("sched", "."), test::contains("'.' cannot be the name"));
  CHECK_THAT(refuse("sched", "../sched/sched_switch"), test::contains("cannot be the name"));
  CHECK_THAT(refuse("sched", std::string(300, 'x').c_str()), test::contains("cannot be the name"));

  const auto empty = attach(at_call(fd_ref{}));
  REQUIRE_FALSE(empty);
  CHECK(empty.error() == errc::bad_handle);
  CHECK(empty.error().operation() == operation::none);
}

TEST_CASE("tracepoint: a program that does not fit is told", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs([] {
          const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
          const auto wrong = failure_of(attach(at_call(borrow(filter))));
          expect(wrong == errc::wrong_type);
          expect(wrong.cause() == cause::wrong_program_type);
          expect_contains(wrong.message(), "'filter'");
          expect_contains(wrong.message(), "socket_filter, this hook takes tracepoint");
          expect(failure_of(attach(at_call(fd_ref{9999}))) == errc::bad_handle);
          const auto null = test::open_file("/dev/null", 0);
          expect(failure_of(attach(at_call(borrow(null)))).cause() == cause::not_a_program);

          expect_equal(sentence(attach(at_call(borrow(load_reading(16))))), "");
          const auto reader = load_reading(800);
          const auto far = failure_of(attach(at_call(borrow(reader))));
          expect(far == errc::invalid_argument);
          expect(far.cause() == cause::bad_offset);
          expect_equal(far.sys_errno(), EACCES);
          // The number of the call and its one argument, behind the eight bytes that all records have.
          expect_contains(far.message(), "'reader'");
          expect_contains(far.message(), "past the end of the tracepoint's record, which has 24 bytes");
        }) == "");
}

TEST_CASE("tracepoint: a program is at a tracepoint once", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint("once");
          const auto link = must(attach(at_call(borrow(program))));
          const auto twice = failure_of(attach(at_call(borrow(program))));
          expect(twice == errc::already_exists);
          expect(twice.cause() == cause::already_attached);
          expect_contains(twice.message(), "'once'");
          expect(runs_for_call(program) >= 1);
        }) == "");
}

TEST_CASE("tracepoint: the 65th program is told", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs(
            [] {
              std::vector<perf_event_link> links;
              for (int count = 0; count < 64; ++count) {
                const auto program = test::load({.type = test::prog_type::tracepoint});
                links.push_back(must(attach(at_call(borrow(program)))));
              }
              const auto last = test::load({.type = test::prog_type::tracepoint});
              const auto refused = failure_of(attach(at_call(borrow(last))));
              expect(refused == errc::limit);
              expect(refused.cause() == cause::too_many);
              expect_equal(refused.sys_errno(), E2BIG);
              expect_contains(refused.message(), "64 programs, the most there can be, are attached to it");
            },
            60) == "");
}

TEST_CASE("tracepoint: a probe made in tracefs is none", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs([] {
          const std::string group = "bpflink_test_" + std::to_string(::getpid());
          const std::string list = std::string{usual_tracefs} + "/uprobe_events";
          expect_equal(test::write_file(list, "p:" + group + "/place /bin/true:0x1000\n"), 0, "making a uprobe");
          const auto program = load_tracepoint();
          const auto refused = attach({.category = group, .name = "place", .program = borrow(program)});
          expect_equal(test::write_file(list, "-:" + group + "/place\n"), 0, "removing a uprobe");
          expect(failure_of(refused) == errc::wrong_type);
          expect(failure_of(refused).cause() == cause::wrong_program_type);
          expect_contains(failure_of(refused).message(), "takes a kprobe program");
        }) == "");
}

TEST_CASE("tracepoint: tracefs is looked for, and told where it is nowhere", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  const auto result = test::in_mount_namespace([] {
    hide_tracefs();
    const auto program = load_tracepoint();
    const auto refused = failure_of(attach(at_call(borrow(program))));
    expect(refused == errc::not_found);
    expect(refused.cause() == cause::no_such_path);
    expect_contains(refused.message(), "not mounted");
    expect_contains(refused.message(), "mount -t tracefs");

    // What was not there can come.
    const test::directory_fixture directory;
    const auto elsewhere = directory / "a place";
    expect_equal(::mkdir(elsewhere.c_str(), 0700), 0, "mkdir");
    test::mount_at("tracefs", elsewhere);
    {
      const auto link = must(attach(at_call(borrow(program))));
      expect(runs_for_call(program) >= 1);
      expect_contains(refusal("sched", "sched_swich", borrow(program)).message(), "sched_switch");
    }
    expect_equal(::umount2(elsewhere.c_str(), MNT_DETACH), 0, "umount");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("tracepoint: a kernel without tracefs is told", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  const auto result = test::in_mount_namespace([] {
    const test::directory_fixture directory;
    const auto filesystems = directory / "filesystems";
    expect(test::fd{::open(filesystems.c_str(), O_CREAT | O_CLOEXEC, 0644)}.get() >= 0);
    expect_equal(test::write_file(filesystems, "nodev\tsysfs\nnodev\tbpf\n"), 0, "writing");
    hide_tracefs();
    test::bind_over(filesystems, "/proc/filesystems");
    const auto program = load_tracepoint();
    const auto refused = failure_of(attach(at_call(borrow(program))));
    expect(refused == errc::not_supported, refused.message());
    expect(refused.cause() == cause::missing_configuration);
    expect_contains(refused.message(), "this kernel was built without tracefs");
    expect_equal(::umount2("/proc/filesystems", MNT_DETACH), 0, "umount");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("tracepoint: missing rights are told", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          drop_capabilities({CAP_PERFMON, CAP_SYS_ADMIN});
          const auto refused = failure_of(attach(at_call(borrow(program))));
          expect(refused == errc::permission_denied);
          expect(refused.operation() == operation::perf_event_open);
          expect(refused.cause() == cause::missing_capability);
          expect_equal(refused.sys_errno(), EACCES);
          expect_contains(refused.message(), "CAP_PERFMON is missing");
          expect_contains(refused.message(), "kernel.perf_event_paranoid is ");
        }) == "");
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          expect_equal(::chmod(usual_tracefs, 0700), 0, "chmod");
          expect_equal(::setresuid(65534, 65534, 65534), 0, "setresuid");
          const auto refused = failure_of(attach(at_call(borrow(program))));
          expect(refused == errc::permission_denied);
          expect(refused.operation() == operation::open);
          expect(refused.cause() == cause::file_permission);
          expect_contains(refused.message(), "may not read tracefs");
        }) == "");
}

TEST_CASE("tracepoint: without links it is attached by ioctl", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  CHECK(test::on_old_kernel("old-tracepoint", [] { test::refuse_bpf({test::command::link_create}); }).failure() == "");
}

TEST_CASE("old tracepoint: the program runs until the handle is closed", "[.][old-tracepoint]") {
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          auto link = must(attach(at_call(borrow(program))));
          expect(link.mechanism() == mechanism::perf_event);
          expect(static_cast<bool>(link.fd()));
          expect(!link.can_pin());
          expect(failure_of(link.pin("/sys/fs/bpf/none")) == errc::not_supported);
          expect(failure_of(link.info()) == errc::not_supported);
          expect(runs_for_call(program) >= 1);
          expect_equal(sentence(link.close()), "");
          expect_equal(static_cast<std::int64_t>(runs_for_call(program)), 0);

          auto second = must(attach(at_call(borrow(program))));
          auto event = std::move(second).release();
          expect(runs_for_call(program) >= 1);
          event.reset();
          expect_equal(static_cast<std::int64_t>(runs_for_call(program)), 0);
        }) == "");
}

TEST_CASE("old tracepoint: what is refused is told", "[.][old-tracepoint]") {
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint("once");
          auto options = at_call(borrow(program));
          options.cookie = cookie{1};
          const auto no_cookie = failure_of(attach(options));
          expect(no_cookie == errc::not_supported);
          expect(no_cookie.cause() == cause::missing_feature);
          expect_contains(no_cookie.message(), "Linux 5.15");
          options.cookie.reset();
          options.mechanism = mechanism_choice::link_only;
          expect(failure_of(attach(options)).cause() == cause::missing_feature);

          const auto link = must(attach(at_call(borrow(program))));
          const auto twice = failure_of(attach(at_call(borrow(program))));
          expect(twice == errc::already_exists);
          expect(twice.operation() == operation::perf_event_set_program);
          expect(twice.first() != nullptr && twice.first()->operation() == operation::link_create);
          const auto filter = test::load({.type = test::prog_type::socket_filter});
          expect(failure_of(attach(at_call(borrow(filter)))).cause() == cause::wrong_program_type);
          const auto reader = load_reading(800);
          const auto far = failure_of(attach(at_call(borrow(reader))));
          expect(far == errc::invalid_argument);
          expect_contains(far.message(), "which has 24 bytes");
        }) == "");
}

}  // namespace bpflink
