// SPDX-License-Identifier: MIT
#include "faults.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <vector>

namespace bpflink::faults {

namespace {

constexpr std::array every_error{EPERM, EACCES, EINVAL, ENOMEM, EMFILE, EBUSY,  EEXIST, ENOENT,     E2BIG,
                                 EBADF, EINTR,  EAGAIN, ENOSYS, ENODEV, ENOSPC, ESRCH,  EOPNOTSUPP, EIO};
constexpr std::array some_errors{EPERM, EINVAL, ENOMEM, ENOENT};
// What goes wrong while a failure is explained.
constexpr std::array second_errors{ENOMEM, EPERM};

struct planned {
  std::size_t call = 0;
  int error = 0;
};

std::string in_words(const std::vector<test::system_call>& calls, const planned& what) {
  if (what.call == 0 || what.call > calls.size()) return {};
  return std::string{errno_name(what.error)} + " from call " + std::to_string(what.call) + ", " +
         calls[what.call - 1].name();
}

bool fits(int number, errc code) {
  switch (number) {
    case EPERM:
    case EACCES:
      return code == errc::permission_denied;
    case EINVAL:
    case E2BIG:
      return code == errc::not_supported || code == errc::invalid_argument || code == errc::limit;
    case ENOSYS:
    case EOPNOTSUPP:
      return code == errc::not_supported;
    case EBADF:
      return code == errc::bad_handle;
    case ENOENT:
    case ENODEV:
    case ESRCH:
      return code == errc::not_found;
    case EEXIST:
      return code == errc::already_exists || code == errc::busy;
    case EBUSY:
      return code == errc::busy;
    case ENOSPC:
      return code == errc::limit;
    default:
      return code == errc::system;
  }
}

// A descriptor is gone, whatever close(2) says.
test::verdict refuse(const test::observed_call& call, int error) {
  if (call.number == SYS_close) ::syscall(SYS_close, call.arguments[0]);
  return test::verdict::fail(error);
}

struct trial {
  outcome ended;
  bool reached = false;  // as many calls were made as were to fail
  std::vector<test::system_call> calls;
};

trial run_with(test::syscall_supervisor& supervisor, const operation& tested, const planned& first,
               const planned& second) {
  trial result;
  std::atomic<std::size_t> seen = 0;
  const auto handler = [&](const test::observed_call& call) {
    const auto nth = ++seen;
    if (nth == first.call) return refuse(call, first.error);
    if (nth == second.call) return refuse(call, second.error);
    return test::verdict::proceed();
  };
  result.calls = supervisor.with_handler(handler, [&] { result.ended = tested.run(); });
  result.reached = seen >= std::max(first.call, second.call);
  return result;
}

// Runs it once with these calls failing, checks what holds for every operation, and puts the world back.
trial try_once(test::syscall_supervisor& supervisor, const operation& tested, const planned& first,
               const planned& second) {
  if (tested.before) tested.before();
  const auto before = test::open_descriptors();
  auto result = run_with(supervisor, tested, first, second);
  auto where = in_words(result.calls, first);
  if (const auto more = in_words(result.calls, second); !more.empty()) where += " and " + more;
  tested.after(result.ended, where);
  expect_equal(test::leaked(before, test::open_descriptors()), "", "descriptors after " + where);
  return result;
}

bool means(const operation& tested, int error, const bpf_error& told) {
  return std::find(tested.also.begin(), tested.also.end(), meaning{error, told.code()}) != tested.also.end();
}

void expect_outcome(const trial& tried, const operation& tested, const planned& first, const std::string& where) {
  if (tried.ended) {
    if (tested.natural != 0 && tried.ended->sys_errno() == tested.natural) return;
    if (!means(tested, first.error, *tried.ended)) expect_fits(*tried.ended, first.error, where);
  } else {
    expect(tested.tolerated(tried.calls[first.call - 1], first.error), "it worked in spite of " + where);
  }
}

// Before a kernel can map its types' file, some 1300 calls read it: between the first and the last of a row they are
// alike.
bool is_one_of_many(const std::vector<test::system_call>& calls, std::size_t call) {
  if (call < 2 || call >= calls.size()) return false;
  const auto alike = [&](const test::system_call& other) {
    return other.number == SYS_read && other.number == calls[call - 1].number &&
           other.arguments[0] == calls[call - 1].arguments[0];
  };
  return alike(calls[call - 2]) && alike(calls[call]);
}

std::size_t fail_later_calls(test::syscall_supervisor& supervisor, const operation& tested, const planned& first,
                             const std::function<void(const trial&, const planned&)>& check) {
  std::size_t faults = 0;
  // A search goes on for hundreds of calls, which are alike.
  const std::size_t each_up_to = test::is_slow() ? 2 : 16;
  for (std::size_t call = first.call + 1;; call += call < first.call + each_up_to ? 1 : call) {
    for (const int error : fewer(second_errors, 1)) {
      const planned second{call, error};
      const auto tried = try_once(supervisor, tested, first, second);
      if (!tried.reached) return faults;
      ++faults;
      check(tried, second);
    }
  }
}

}  // namespace

std::span<const int> fewer(std::span<const int> errors, std::size_t count) {
  return test::is_slow() ? errors.first(std::min(count, errors.size())) : errors;
}

std::span<const int> all_errors() { return test::is_slow() ? few_errors() : every_error; }
std::span<const int> few_errors() { return some_errors; }

void expect_fits(const bpf_error& error, int number, const std::string& where) {
  const auto what = "after " + where + ": " + error.message();
  const auto* const first = error.first();
  const auto& told = error.sys_errno() != number && first != nullptr ? *first : error;
  expect_equal(std::string{errno_name(told.sys_errno())}, std::string{errno_name(number)}, "errno " + what);
  expect(fits(number, told.code()), std::string{to_string(told.code())} + " " + what);
  if (number == ENOMEM) expect(told.cause() == cause::no_memory, "cause " + what);
  if (number == EMFILE) expect(told.cause() == cause::no_descriptors, "cause " + what);
  expect(told.operation() != bpflink::operation::none, "a call " + what);
}

bool may_work(const test::system_call& call, int error) {
  if (call.number == SYS_close) return true;
  if (error == EINTR) return call.number == SYS_openat || call.number == SYS_read;
  // Room is made and the kernel asked again.
  if (error == ENOSPC) return call.number == SYS_bpf && call.command() == test::command::prog_query;
  return false;
}

std::size_t fail_all(test::syscall_supervisor& supervisor, std::span<const int> errors, const operation& tested) {
  std::size_t faults = 0;
  const auto usual = try_once(supervisor, tested, {}, {});
  for (std::size_t call = 1;; ++call) {
    if (is_one_of_many(usual.calls, call)) continue;
    for (const int error : errors) {
      const planned first{call, error};
      const auto tried = try_once(supervisor, tested, first, {});
      if (!tried.reached) {
        expect(!tried.ended, tried.ended ? tried.ended->message() : "");
        return faults;
      }
      ++faults;
      expect_outcome(tried, tested, first, in_words(tried.calls, first));
      if (!tried.ended) continue;
      faults += fail_later_calls(supervisor, tested, first, [&](const trial& twice, const planned& second) {
        expect_outcome(twice, tested, first, in_words(twice.calls, first) + " and " + in_words(twice.calls, second));
      });
    }
  }
}

std::size_t fail_explaining(test::syscall_supervisor& supervisor, std::span<const int> errors, int natural,
                            const operation& tested) {
  std::size_t faults = 0;
  for (std::size_t call = 1;; ++call) {
    for (const int error : errors) {
      const planned first{call, error};
      const auto tried = try_once(supervisor, tested, first, {});
      expect(tried.ended.has_value(), "it worked");
      const auto told = tried.ended->sys_errno();
      if (!tried.reached) {
        expect_equal(told, natural, "errno of " + tried.ended->message());
        return faults;
      }
      ++faults;
      expect(told == natural || told == error,
             "errno after " + in_words(tried.calls, first) + ": " + tried.ended->message());
    }
  }
}

void expect_attached(const std::function<int()>& attached, int expected, const std::string& what) {
  int found = -1;
  static_cast<void>(test::eventually([&] { return (found = attached()) == expected; }));
  expect_equal(found, expected, what);
}

int links_of(const test::fd& program) {
  const auto id = test::program_id(program.get());
  int count = 0;
  for (const auto number : test::all_ids(test::command::link_get_next_id)) {
    const auto link = test::by_id(test::command::link_get_fd_by_id, number);
    // Others' links come and go meanwhile.
    if (link && test::info_of_link(link.get()).program() == id) ++count;
  }
  return count;
}

void expect_freed(test::fd program) {
  const auto id = test::program_id(program.get());
  program.reset();
  expect(test::eventually([id] { return !test::by_id(test::command::prog_get_fd_by_id, id); }),
         "something holds the program still");
}

}  // namespace bpflink::faults
