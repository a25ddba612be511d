// SPDX-License-Identifier: MIT
#include "bpflink/attach/tracepoint.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bpflink/info.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "tracepoint_helpers.hpp"

namespace bpflink {

TEST_CASE("tracepoint: the program runs until the link is closed", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          expect_equal(static_cast<std::int64_t>(runs_for_call(program)), 0);
          auto link = must(attach(at_call(borrow(program))));
          expect(link.mechanism() == best_tracepoint_mechanism());
          expect(runs_for_call(program) >= 1);
          expect_equal(sentence(link.close()), "");
          expect(!link);
          expect_equal(static_cast<std::int64_t>(runs_for_call(program)), 0);
          {
            const auto second = must(attach(at_call(borrow(program))));
            expect(runs_for_call(program) >= 1);
          }
          expect_equal(static_cast<std::int64_t>(runs_for_call(program)), 0);
        }) == "");
}

TEST_CASE("tracepoint: one program at several, on all CPUs and for all tasks", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          const auto calls = must(attach(at_call(borrow(program))));
          const auto forks = must(attach(
              tracepoint_options{.category = "sched", .name = "sched_process_fork", .program = borrow(program)}));
          const auto before = program.runs();
          const pid_t child = ::fork();
          expect(child >= 0);
          if (child == 0) {
            make_call();
            ::_exit(0);
          }
          expect(::waitpid(child, nullptr, 0) == child);
          expect(program.runs() - before >= 2);
        }) == "");
}

TEST_CASE("tracepoint: the program reads its cookie", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs([] {
          const auto map = test::counter_map(2);
          if (!test::at_least(5, 15)) {
            const auto plain = load_tracepoint();
            auto options = at_call(borrow(plain));
            options.cookie = cookie{1};
            const auto refused = failure_of(attach(options));
            expect(refused == errc::not_supported);
            expect(refused.cause() == cause::missing_feature);
            expect_contains(refused.message(), "Linux 5.15");
            return;
          }
          const auto program =
              test::load({.type = test::prog_type::tracepoint, .code = test::record_cookie(map.get())});
          constexpr std::uint64_t value = 0xfeed'0000'beef'0001ULL;
          auto options = at_call(borrow(program));
          options.cookie = cookie{value};
          {
            const auto link = must(attach(options));
            make_call();
            expect(test::counter(map.get(), 1) == value);
          }
          const auto link = must(attach(at_call(borrow(program))));
          make_call();
          expect_equal(static_cast<std::int64_t>(test::counter(map.get(), 1)), 0);
        }) == "");
}

TEST_CASE("tracepoint: a link tells its tracepoint", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 15, "links of perf events"));
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          auto options = at_call(borrow(program));
          options.cookie = cookie{77};
          const auto link = must(attach(options));
          const auto info = must(link.info());
          expect(info.type == link_type::perf_event);
          expect(info.program == program_id{test::program_id(program.get())});
          const auto& details = std::get<perf_event_info>(info.details);
          if (!test::at_least(6, 6)) {
            expect(details.kind == perf_event_kind::unspecified);
            expect(details.name.empty() && !details.cookie);
            return;
          }
          expect(details.kind == perf_event_kind::tracepoint);
          expect_equal(details.name, "sys_enter_sched_get_priority_max");
          if (test::at_least(6, 9)) expect(details.cookie == cookie{77});
        }) == "");
}

namespace {

// What a kernel answers whose struct bpf_link_info ends after `known` bytes and tells of this kind in `told` of them.
test::call_handler answer_shorter(std::uint32_t known, std::uint32_t told) {
  return [known, told](const test::observed_call& call) {
    if (call.command() != test::command::obj_get_info_by_fd) return test::verdict::proceed();
    auto* const attr = reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(call.arguments[1]));
    std::uint32_t size = 0;
    std::uint64_t info = 0;
    std::memcpy(&size, attr + 4, sizeof size);
    std::memcpy(&info, attr + 8, sizeof info);
    const auto* const bytes = reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(info));
    for (std::uint32_t at = known; at < size; ++at) {
      if (bytes[at] != std::byte{0}) return test::verdict::fail(E2BIG);
    }
    std::array<std::byte, 16> request{};
    std::memcpy(request.data(), attr, request.size());
    const auto shorter = std::min(size, told);
    std::memcpy(request.data() + 4, &shorter, sizeof shorter);
    const long result = ::syscall(SYS_bpf, test::command::obj_get_info_by_fd, request.data(), request.size());
    return result < 0 ? test::verdict::fail(errno) : test::verdict::give(result);
  };
}

}  // namespace

TEST_CASE("tracepoint: kernels that tell less of a link are not misread", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(6, 6, "information on perf event links"));
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          const auto link = must(attach(at_call(borrow(program))));
          test::syscall_supervisor supervisor({SYS_bpf});
          const auto ask = [&](std::uint32_t known, std::uint32_t told) {
            std::optional<link_info> info;
            static_cast<void>(supervisor.with_handler(answer_shorter(known, told), [&] { info = must(link.info()); }));
            expect(info->type == link_type::perf_event);
            return std::get<perf_event_info>(info->details);
          };
          // Linux 6.6 and 6.7; then 5.15, which tells nothing.
          for (const std::uint32_t known : {48U, 56U}) {
            const auto details = ask(known, known);
            expect(details.kind == perf_event_kind::tracepoint);
            expect_equal(details.name, "sys_enter_sched_get_priority_max");
          }
          const auto nothing = ask(32, 16);
          expect(nothing.kind == perf_event_kind::unspecified);
          expect(nothing.name.empty() && !nothing.cookie);
        }) == "");
}

TEST_CASE("tracepoint: what is pinned outlives the link and its perf event", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 15, "links of perf events"));
  CHECK(with_tracefs([] {
          const test::bpffs_fixture bpffs;
          const auto program = load_tracepoint();
          auto link = must(attach(at_call(borrow(program))));
          expect_equal(sentence(link.pin(bpffs / "link")), "");
          expect_equal(sentence(link.close()), "");
          expect(runs_for_call(program) >= 1);
          auto opened = must(perf_event_link::open_pinned(bpffs / "link"));
          expect_equal(sentence(opened.unpin(bpffs / "link")), "");
          expect(runs_for_call(program) >= 1);
          expect_equal(sentence(opened.close()), "");
          expect_equal(static_cast<std::int64_t>(runs_for_call(program)), 0);
        }) == "");
}

TEST_CASE("tracepoint: the number is read once, and the link is closed before the perf event", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 15, "links of perf events"));
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          const auto options = at_call(borrow(program));
          test::syscall_supervisor supervisor;
          std::optional<perf_event_link> link;
          const auto take = [&] { link = must(attach(options)); };
          const std::string file = std::string{usual_tracefs} + "/events/syscalls/" + options.name.c_str() + "/id";
          expect_equal(test::names(supervisor.record_calls(take)),
                       "openat(" + file + ") read close perf_event_open bpf(28)");
          const int number = link->fd().get();
          const auto closing = supervisor.record_calls([&] { link.reset(); });
          expect_equal(test::names(closing), "close close");
          expect_equal(static_cast<int>(closing[0].arguments[0]), number, "the link's descriptor");

          const auto warm = supervisor.record_calls(take);
          expect_equal(test::names(warm), "perf_event_open bpf(28)");
          expect_equal(warm[0].at(4), 64, "the size of perf_event_attr");
          link.reset();
          const auto allocated = test::allocations(take);
          expect_equal(static_cast<std::int64_t>(allocated.value_or(0)), 0, "allocations");
        }) == "");
}

TEST_CASE("tracepoint: a number that the kernel does not know any more is read anew", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 15, "links of perf events"));
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          const auto options = at_call(borrow(program));
          test::syscall_supervisor supervisor;
          static_cast<void>(must(attach(options)));

          int opened = 0;
          const auto refuse_first = [&opened](const test::observed_call& call) {
            if (call.number == SYS_perf_event_open && ++opened == 1) return test::verdict::fail(EINVAL);
            return test::verdict::proceed();
          };
          std::optional<perf_event_link> link;
          const auto calls = supervisor.with_handler(refuse_first, [&] { link = must(attach(options)); });
          const std::string file = std::string{usual_tracefs} + "/events/syscalls/" + options.name.c_str() + "/id";
          expect_equal(test::names(calls), "perf_event_open openat(" + file + ") read close perf_event_open bpf(28)");
          expect(runs_for_call(program) >= 1);

          // Once: then it is the kernel's word.
          const auto refuse_all = [](const test::observed_call& call) {
            return call.number == SYS_perf_event_open ? test::verdict::fail(EINVAL) : test::verdict::proceed();
          };
          const auto again = supervisor.with_handler(refuse_all, [&] {
            const auto refused = failure_of(attach(options));
            expect(refused.operation() == operation::perf_event_open);
            expect_equal(refused.sys_errno(), EINVAL);
          });
          expect_equal(test::names(again), "perf_event_open openat(" + file + ") read close perf_event_open");
        }) == "");
}

TEST_CASE("tracepoint: threads attach at once", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs(
            [] {
              std::vector<std::thread> threads;
              for (int thread = 0; thread < 4; ++thread) {
                threads.emplace_back([] {
                  const auto program = load_tracepoint();
                  for (const char* const name : {"sys_enter_sched_get_priority_max", "sys_exit_sched_get_priority_max",
                                                 "sys_enter_sched_get_priority_min"}) {
                    const auto link =
                        attach(tracepoint_options{.category = "syscalls", .name = name, .program = borrow(program)});
                    if (!link) std::abort();
                  }
                });
              }
              for (auto& thread : threads) thread.join();
            },
            60) == "");
}

}  // namespace bpflink
