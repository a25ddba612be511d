// SPDX-License-Identifier: MIT
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <limits>
#include <string>
#include <vector>

#include "bpflink/attach/uprobe_multi.hpp"
#include "child_helpers.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/privileges.hpp"
#include "uprobe_helpers.hpp"

namespace bpflink {

namespace {

constexpr const char* this_program = "/proc/self/exe";

bpf_error refusal(const uprobe_multi_options& options) {
  const auto link = attach(options);
  REQUIRE_FALSE(link);
  INFO(link.error().message());
  CHECK_FALSE(link.error().reason().empty());
  return link.error();
}

test::fd load_uprobe() {
  return test::load({.type = test::prog_type::kprobe,
                     .expected_attach_type = test::attach_type::trace_uprobe_multi,
                     .name = "probe"});
}

}  // namespace

TEST_CASE("uprobe multi: lists that contradict each other are refused before any system call", "[uprobe_multi]") {
  const std::array<std::uint64_t, 2> offsets{1, 2};
  const std::array cookies{cookie{1}, cookie{2}, cookie{3}};
  const uprobe_multi_options fine{.path = "/nowhere", .offsets = offsets, .program = fd_ref{9999}};
  const auto refuse = [](const uprobe_multi_options& options, const std::string& reason) {
    const auto refused = refusal(options);
    CHECK(refused == errc::invalid_argument);
    CHECK(refused.cause() == cause::bad_option);
    CHECK(refused.operation() == operation::none);
    CHECK_THAT(refused.message(), test::contains(reason));
  };
  auto options = fine;
  options.path = "";
  refuse(options, "the path is empty");
  options = fine;
  options.offsets = {};
  refuse(options, "there are no offsets");
  options = fine;
  options.cookies = cookies;
  refuse(options, "there are 3 cookies for 2 offsets");
  options = fine;
  options.semaphore_offsets = std::span{offsets}.first(1);
  refuse(options, "there are 1 semaphore offsets for 2 offsets");
  options = fine;
  options.process = process_id{0};
  refuse(options, "no process has the number 0");
  options.process = process_id{static_cast<std::uint32_t>(-5)};
  refuse(options, "no process has the number -5");

  options = fine;
  options.program = fd_ref{};
  CHECK(refusal(options) == errc::bad_handle);
  CHECK(refusal(options).cause() == cause::empty_handle);
}

TEST_CASE("uprobe multi: a kernel without it is told, and nothing takes its place", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (test::at_least(6, 6)) {
    SUCCEED("this kernel has it");
    return;
  }
  const auto program = test::load({.type = test::prog_type::kprobe});
  const auto offset = test::offset_of(test::first_target);
  const auto refused = refusal({.path = this_program, .offsets = {&offset, 1}, .program = borrow(program)});
  CHECK(refused == errc::not_supported);
  CHECK(refused.cause() == cause::missing_feature);
  CHECK_THAT(refused.message(), test::contains("Linux 6.6"));
}

TEST_CASE("uprobe multi: a program that does not fit is told", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  const auto offset = test::offset_of(test::first_target);
  const auto refused_for = [&](program_ref program) {
    return refusal({.path = this_program, .offsets = {&offset, 1}, .program = program});
  };
  const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
  CHECK(refused_for(borrow(filter)) == errc::wrong_type);
  CHECK(refused_for(borrow(filter)).cause() == cause::wrong_program_type);
  CHECK_THAT(refused_for(borrow(filter)).message(), test::contains("socket_filter, this hook takes kprobe"));
  CHECK(refused_for(fd_ref{9999}) == errc::bad_handle);
  const auto null = test::open_file("/dev/null", 0);
  CHECK(refused_for(borrow(null)).cause() == cause::not_a_program);

  if (lacks_uprobe_multi()) return;
  const auto plain = test::load({.type = test::prog_type::kprobe, .name = "plain"});
  const auto wrong = refused_for(borrow(plain));
  CHECK(wrong == errc::wrong_type);
  CHECK(wrong.cause() == cause::wrong_expected_attach_type);
  CHECK_THAT(wrong.message(), test::contains("'plain'") && test::contains("expected attach type trace_uprobe_multi"));
}

TEST_CASE("uprobe multi: a path that is no file is told", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto program = load_uprobe();
  const std::uint64_t offset = 0;
  const auto refused_for = [&](const std::string& path) {
    return refusal({.path = path, .offsets = {&offset, 1}, .program = borrow(program)});
  };
  const auto missing = refused_for("/no/such/file");
  CHECK(missing == errc::not_found);
  CHECK(missing.cause() == cause::no_such_path);
  CHECK_THAT(missing.message(), test::contains("/no/such/file"));
  for (const std::string path : {"/", "/dev/null"}) {
    const auto refused = refused_for(path);
    CHECK(refused == errc::invalid_argument);
    CHECK(refused.cause() == cause::not_a_file);
    CHECK_THAT(refused.message(), test::contains(path == "/" ? "a directory" : "special"));
  }
  CHECK(refused_for("/dev/null/below").cause() == cause::no_such_path);
  const auto large = refused_for(std::string(PATH_MAX + 1, 'x'));
  CHECK(large == errc::invalid_argument);
  CHECK_THAT(large.message(), test::contains("the path is too long"));

  const test::directory_fixture directory;
  const auto locked = directory / "locked";
  REQUIRE(::mkdir(locked.c_str(), 0700) == 0);
  const auto result = test::in_child([&] {
    test::expect_equal(::setresuid(65534, 65534, 65534), 0);
    const auto link = attach({.path = locked + "/file", .offsets = {&offset, 1}, .program = borrow(program)});
    test::expect(!link && link.error() == errc::permission_denied);
    test::expect(link.error().cause() == cause::file_permission);
    expect_contains(link.error().message(), "a directory of the path may not be searched");
  });
  CHECK(result.failure() == "");
  CHECK(::rmdir(locked.c_str()) == 0);
}

TEST_CASE("uprobe multi: a path is relative to the working directory", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto program = load_uprobe();
  const auto offset = test::offset_of(test::first_target);
  const auto result = test::in_child([&] {
    test::expect_equal(::chdir("/proc/self"), 0);
    const auto link = attach({.path = "exe", .offsets = {&offset, 1}, .program = borrow(program)});
    test::expect_equal(sentence(link), "");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("uprobe multi: an offset that cannot be is told", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto program = load_uprobe();
  const auto place = test::offset_of(test::first_target);
  const std::array offsets{place, std::uint64_t{0x7000'0000'0000}};
  const auto behind = refusal({.path = this_program, .offsets = offsets, .program = borrow(program)});
  CHECK(behind == errc::invalid_argument);
  CHECK(behind.cause() == cause::bad_offset);
  CHECK_THAT(behind.message(), test::contains("offset 0x700000000000 (number 2) is behind the end"));

  const std::array semaphores{test::offset_of_semaphore() + 1};
  const auto odd = refusal(
      {.path = this_program, .offsets = {&place, 1}, .program = borrow(program), .semaphore_offsets = semaphores});
  CHECK(odd == errc::invalid_argument);
  CHECK(odd.cause() == cause::bad_offset);
  CHECK_THAT(odd.message(), test::contains("semaphore's offset") && test::contains("is odd"));
}

TEST_CASE("uprobe multi: a process that is gone is told", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto program = load_uprobe();
  const auto offset = test::offset_of(test::first_target);
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  REQUIRE(::waitpid(gone, nullptr, 0) == gone);
  for (const auto number : {static_cast<std::uint32_t>(gone), std::uint32_t{INT_MAX}}) {
    const auto refused = refusal(
        {.path = this_program, .offsets = {&offset, 1}, .program = borrow(program), .process = process_id{number}});
    CHECK(refused == errc::not_found);
    CHECK(refused.cause() == cause::no_such_process);
    CHECK_THAT(refused.message(), test::contains(std::to_string(number)));
  }
}

TEST_CASE("uprobe multi: more places than the kernel takes are told", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  // Before, there is no limit but memory.
  if (!test::at_least(6, 8)) return;
  const auto program = load_uprobe();
  const std::vector<std::uint64_t> offsets((std::size_t{1} << 20U) + 1, test::offset_of(test::first_target));
  const auto refused = refusal({.path = this_program, .offsets = offsets, .program = borrow(program)});
  CHECK(refused == errc::limit);
  CHECK(refused.cause() == cause::too_many);
  CHECK_THAT(refused.message(), test::contains("1048577 offsets are more than the kernel takes, which is 1048576"));
}

}  // namespace bpflink
