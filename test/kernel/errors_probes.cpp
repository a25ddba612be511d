// SPDX-License-Identifier: MIT
// What tracepoints and uprobes say of a refusal, to the letter.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpflink/attach/uprobe_multi.hpp"
#include "errors.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"
#include "tracepoint_helpers.hpp"
#include "uprobe_helpers.hpp"

namespace bpflink {

namespace {

// As error_table::row(), in a child.
void expect_told(const error_table& table, const bpf_error& error, const told& words) {
  expect_equal(table.plain(error.message()), words.line);
  expect_equal(std::string{to_string(error.code())}, std::string{to_string(words.code)});
  expect_equal(std::string{to_string(error.cause())}, std::string{to_string(words.why)});
  expect_equal(error.sys_errno(), words.number);
}

constexpr const char* own_file = "/proc/self/exe";
const std::string to_own_file = "attach uprobe multi to /proc/self/exe: ";

}  // namespace

TEST_CASE("errors: tracepoint", "[errors]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 15, "links to perf events"));
  CHECK(with_tracefs([] {
          const error_table table;
          const auto program = load_tracepoint("once");
          const auto named = [&](const char* category, const char* name, const std::string& words) {
            expect_told(table, failure_of(attach({.category = category, .name = name, .program = borrow(program)})),
                        {errc::not_found, cause::no_such_name, ENOENT,
                         std::string{"attach tracepoint to "} + category + "/" + name + ": " + words});
          };
          named("sched", "sched_swich",
                "the category 'sched' has no tracepoint 'sched_swich'; a near name is sched_switch (open: ENOENT)");
          named("shced", "shced_switch",
                "there is no category 'shced' of tracepoints; a near name is sched (open: ENOENT)");
          const auto refused = [&](program_ref which, errc code, cause why, int number, const std::string& words) {
            expect_told(
                table, failure_of(attach(at_call(which))),
                {code, why, number, "attach tracepoint to syscalls/sys_enter_sched_get_priority_max: " + words});
          };
          refused(fd_ref{9999}, errc::bad_handle, cause::closed_descriptor, EBADF,
                  "the program's descriptor N is closed (BPF_LINK_CREATE: EBADF)");
          const auto map = test::counter_map();
          refused(fd_ref{map.get()}, errc::wrong_type, cause::not_a_program, EINVAL,
                  "the program's descriptor is that of a map (BPF_LINK_CREATE: EINVAL)");
          const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
          refused(borrow(filter), errc::wrong_type, cause::wrong_program_type, EINVAL,
                  "program 'filter' (id N) is of type socket_filter, this hook takes tracepoint (BPF_LINK_CREATE: "
                  "EINVAL)");
          const auto reader = load_reading(800);
          refused(borrow(reader), errc::invalid_argument, cause::bad_offset, EACCES,
                  "program 'reader' (id N) reads past the end of the tracepoint's record, which has 24 bytes "
                  "(BPF_LINK_CREATE: EACCES)");
          const auto link = must(attach(at_call(borrow(program))));
          refused(borrow(program), errc::already_exists, cause::already_attached, EEXIST,
                  "program 'once' (id N) is attached to this tracepoint already (BPF_LINK_CREATE: EEXIST)");
        }) == "");
}

TEST_CASE("errors: uprobe multi, the program", "[errors]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const error_table table;
  const auto place = test::offset_of(test::first_target);
  const auto refused = [&](program_ref program, errc code, cause why, int number, const std::string& words) {
    table.row(attach({.path = own_file, .offsets = {&place, 1}, .program = program}),
              {code, why, number, to_own_file + words});
  };
  refused(fd_ref{9999}, errc::bad_handle, cause::closed_descriptor, EBADF,
          "the program's descriptor N is closed (BPF_LINK_CREATE: EBADF)");
  const auto map = test::counter_map();
  refused(fd_ref{map.get()}, errc::wrong_type, cause::not_a_program, EINVAL,
          "the program's descriptor is that of a map (BPF_LINK_CREATE: EINVAL)");
  const auto drop = test::load({.type = test::prog_type::xdp, .name = "drop"});
  refused(borrow(drop), errc::wrong_type, cause::wrong_program_type, EINVAL,
          "program 'drop' (id N) is of type xdp, this hook takes kprobe (BPF_LINK_CREATE: EINVAL)");
  const auto plain = test::load({.type = test::prog_type::kprobe, .name = "plain"});
  refused(borrow(plain), errc::wrong_type, cause::wrong_expected_attach_type, EINVAL,
          "program 'plain' (id N) was not loaded for trace_uprobe_multi; load it with the expected attach type "
          "trace_uprobe_multi (BPF_LINK_CREATE: EINVAL)");
}

TEST_CASE("errors: uprobe multi, the places", "[errors]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  error_table table;
  const auto program = test::load({.type = test::prog_type::kprobe,
                                   .expected_attach_type = test::attach_type::trace_uprobe_multi,
                                   .name = "probe"});
  const auto place = test::offset_of(test::first_target);
  const auto at = [&](const char* path, std::span<const std::uint64_t> offsets,
                      std::optional<process_id> process = {}) {
    return attach({.path = path, .offsets = offsets, .program = borrow(program), .process = process});
  };
  table.row(at("/no/such/file", {&place, 1}),
            {errc::not_found, cause::no_such_path, ENOENT,
             "attach uprobe multi to /no/such/file: there is no such file (BPF_LINK_CREATE: ENOENT)"});
  table.row(at("/", {&place, 1}),
            {errc::invalid_argument, cause::not_a_file, EBADF,
             "attach uprobe multi to /: it is a directory, and no regular file (BPF_LINK_CREATE: EBADF)"});
  table.row(at("/dev/null", {&place, 1}),
            {errc::invalid_argument, cause::not_a_file, EBADF,
             "attach uprobe multi to /dev/null: it is special, and no regular file (BPF_LINK_CREATE: EBADF)"});
  const test::directory_fixture directory;
  table.call(directory.path(), "DIRECTORY");
  const auto file = directory / "file";
  const test::fd made(::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  REQUIRE(::ftruncate(made.get(), 16) == 0);
  const std::uint64_t behind[] = {8, 0x7000};
  table.row(at(file.c_str(), behind),
            {errc::invalid_argument, cause::bad_offset, EINVAL,
             "attach uprobe multi to DIRECTORY/file: offset 0x7000 (number 2) is behind the end of the file, which has "
             "0x10 bytes; offsets are places in the file, not addresses (BPF_LINK_CREATE: EINVAL)"});
  table.row(at(own_file, {&place, 1}, process_id{INT_MAX}),
            {errc::not_found, cause::no_such_process, ESRCH,
             to_own_file + "no process here has the number 2147483647 (BPF_LINK_CREATE: ESRCH)"});
  if (const auto unprobed = test::unprobed_place(); unprobed != 0) {
    constexpr int not_supported = 524;  // ENOTSUPP
    table.row(
        at(own_file, {&unprobed, 1}),
        {errc::not_supported, cause::bad_offset, not_supported,
         to_own_file + "at one of the offsets there is an instruction that cannot be probed; an offset must be at "
                       "the beginning of an instruction (BPF_LINK_CREATE: ENOTSUPP)"});
  }
  // Before, there is no limit but memory.
  if (!test::at_least(6, 8)) return;
  const std::vector<std::uint64_t> many((std::size_t{1} << 20U) + 1, place);
  table.row(at(own_file, many), {errc::limit, cause::too_many, E2BIG,
                                 to_own_file + "1048577 offsets are more than the kernel takes, which is 1048576 "
                                               "(BPF_LINK_CREATE: E2BIG)"});
}

// As a kernel says that was built without uprobes.
TEST_CASE("errors: uprobe multi, left out of the kernel", "[errors]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  SKIP_IF(test::needs_seccomp());
  const auto program =
      test::load({.type = test::prog_type::kprobe, .expected_attach_type = test::attach_type::trace_uprobe_multi});
  const auto place = test::offset_of(test::first_target);
  CHECK(test::in_child([&] {
          test::refuse_bpf({test::command::link_create}, EOPNOTSUPP);
          expect_told({}, failure_of(attach({.path = own_file, .offsets = {&place, 1}, .program = borrow(program)})),
                      {errc::not_supported, cause::missing_configuration, EOPNOTSUPP,
                       to_own_file + "this kernel was built without uprobes (BPF_LINK_CREATE: EOPNOTSUPP)"});
        }).failure() == "");
}

}  // namespace bpflink
