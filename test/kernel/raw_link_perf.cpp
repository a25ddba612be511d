// SPDX-License-Identifier: MIT
// Links to perf events by their bare call: what stands against them.
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "bpflink/attach/raw_link.hpp"
#include "errors.hpp"
#include "support/privileges.hpp"
#include "tracepoint_helpers.hpp"

namespace bpflink {

namespace {

test::fd open_clock() {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof attr;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.sample_period = 1'000'000;
  return test::must(test::fd(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)),
                    "opening a perf event");
}

// One of the tests' tracepoint.
test::fd open_tracepoint() {
  const auto id = test::read_file(std::string{usual_tracefs} + "/events/syscalls/sys_enter_sched_get_priority_max/id");
  perf_event_attr attr{};
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.size = sizeof attr;
  attr.config = std::stoull(id);
  return test::must(test::fd(::syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)),
                    "opening a tracepoint");
}

test::fd load_for_event(std::uint32_t type, const std::string& name) {
  return test::load({.type = type, .name = name});
}

expected<link_handle> link_to(const test::fd& event, program_ref program) {
  return attach(raw_link_options{.target = fd_ref{event.get()}, .hook = attach_type::perf_event, .program = program});
}

}  // namespace

TEST_CASE("raw_link: a perf event takes one program, and of the right type", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 15, "links of perf events"));
  const error_table table;
  const std::string doing = "link to perf_event of descriptor N: ";
  const auto event = open_clock();
  const auto first = load_for_event(test::prog_type::perf_event, "first");
  const auto second = load_for_event(test::prog_type::perf_event, "second");
  const auto traces = load_for_event(test::prog_type::tracepoint, "traces");
  const auto drop = load_for_event(test::prog_type::xdp, "drop");
  table.row(link_to(event, borrow(drop)),
            {errc::wrong_type, cause::wrong_program_type, EINVAL,
             doing + "program 'drop' (id N) is of type xdp, this hook takes kprobe, tracepoint or perf_event "
                     "(BPF_LINK_CREATE: EINVAL)"});
  table.row(link_to(event, borrow(traces)),
            {errc::invalid_argument, cause::unknown, EINVAL,
             doing + "the kernel refused without a reason; a tracepoint takes tracepoint programs, a kprobe or uprobe "
                     "takes kprobe programs, any other event perf_event programs (BPF_LINK_CREATE: EINVAL)"});
  auto link = link_to(event, borrow(first));
  REQUIRE(sentence(link) == "");
  table.row(link_to(event, borrow(second)), {errc::busy, cause::slot_taken, EEXIST,
                                             doing + "the event has a program already (BPF_LINK_CREATE: EEXIST)"});
  table.row(link->update(borrow(second)), {errc::not_supported, cause::no_such_operation, 0,
                                           "update perf event link: links of this kind have no such operation"});
  // Once the link is gone the event takes another.
  CHECK(sentence(link->close()) == "");
  CHECK(sentence(link_to(event, borrow(second))) == "");
}

TEST_CASE("raw_link: a tracepoint has a program once, whichever event it comes by", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 15, "links of perf events"));
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint("once");
          const auto one = open_tracepoint();
          const auto other = open_tracepoint();
          const auto link = must(link_to(one, borrow(program)));
          expect_equal(static_cast<std::int64_t>(runs_for_call(program) >= 1), 1);
          for (const auto* const event : {&one, &other}) {
            const auto twice = failure_of(link_to(*event, borrow(program)));
            expect(twice == errc::busy && twice.cause() == cause::slot_taken, twice.message());
            expect_equal(twice.sys_errno(), EEXIST);
            expect_contains(twice.message(), "or its tracepoint has this one by another event");
          }
          const auto next = load_tracepoint();
          const auto beside = must(link_to(other, borrow(next)));
          expect(runs_for_call(next) >= 1);
        }) == "");
}

}  // namespace bpflink
