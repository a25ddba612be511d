// SPDX-License-Identifier: MIT
// Operations whose system calls fail in turn. What each operation owes then: the errno of the first failure, a code
// that fits it, and nothing left of what was begun.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "child_helpers.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink::faults {

/// The first so many of them where test::is_slow(), else all.
std::span<const int> fewer(std::span<const int> errors, std::size_t count);

/// What the kernel says when it refuses, for reasons of every sort; where test::is_slow(), few_errors().
std::span<const int> all_errors();
/// One of each sort, for operations that take long.
std::span<const int> few_errors();

/// What an operation ended with: nothing where it worked.
using outcome = std::optional<bpf_error>;
template <class T>
outcome outcome_of(const expected<T>& result) {
  return result ? outcome{} : outcome{result.error()};
}

/// Throws unless the error tells of this errno, or has it in first(), and its code fits.
void expect_fits(const bpf_error& error, int number, const std::string& where);

/// Whether the operation may work although this call failed: a close(2), whose descriptor is gone all the same; a call
/// that a signal interrupted; a load that the kernel asks to repeat.
bool may_work(const test::system_call& call, int error);
using tolerance = std::function<bool(const test::system_call& call, int error)>;

/// What an errno means to one operation, beside what it means to all.
struct meaning {
  int number = 0;
  errc code{};
  friend bool operator==(const meaning&, const meaning&) = default;
};

/// One operation. `before` makes what it begins from, where it is not there; `run` makes no other system calls than the
/// library's; `after` puts the world back, and throws where something is not as the outcome says.
struct operation {
  std::function<outcome()> run;
  std::function<void(const outcome&, const std::string& where)> after;
  tolerance tolerated = may_work;
  std::vector<meaning> also = {};
  int natural = 0;  // the errno of a call that fails in any case, where something else is done then
  std::function<void()> before = {};
};

/// Every call with every error, then every call with an error and each later one with another, which is what goes wrong
/// while a failure is explained. In the end the operation works. Returns how many faults there were.
std::size_t fail_all(test::syscall_supervisor& supervisor, std::span<const int> errors, const operation& tested);
/// For an operation that fails by itself, with this errno: whatever else fails, an errno that is told is either this
/// one or that of an earlier call.
std::size_t fail_explaining(test::syscall_supervisor& supervisor, std::span<const int> errors, int natural,
                            const operation& tested);

/// How many links hold the program. Needs 5.8.
int links_of(const test::fd& program);
inline int links_of(const test::counted_program& program) { return links_of(program.program); }
/// Throws unless the program is gone once its descriptor is: whatever attached it.
void expect_freed(test::fd program);
inline void expect_freed(test::counted_program program) { expect_freed(std::move(program.program)); }

/// Throws unless the number becomes this one: who lists links holds each of them for a moment.
void expect_attached(const std::function<int()>& attached, int expected, const std::string& what);

/// Attaches under faults. `attached` says how often the program is attached by what the kernel says.
template <class Attach>
std::size_t fail_attach(const Attach& attach, const std::function<int()>& attached,
                        const tolerance& tolerated = may_work, const std::vector<meaning>& also = {}, int natural = 0) {
  std::optional<decltype(attach())> made;
  const auto check = [&](const outcome& ended, const std::string& where) {
    expect_attached(attached, ended ? 0 : 1, "attachments after " + where);
    made.reset();
    expect_attached(attached, 0, "attachments in the end, after " + where);
  };
  made.emplace(attach());
  expect_equal(sentence(*made), "");
  check({}, "nothing");

  test::syscall_supervisor supervisor;
  const auto run = [&] {
    made.emplace(attach());
    return outcome_of(*made);
  };
  return fail_all(supervisor, all_errors(), {run, check, tolerated, also, natural});
}

/// An operation that the kernel refuses with this errno, under faults.
template <class Refused>
std::size_t fail_refused(test::syscall_supervisor& supervisor, int natural, const Refused& refused) {
  const auto run = [&] { return outcome_of(refused()); };
  return fail_explaining(supervisor, all_errors(), natural, {run, [](const outcome&, const std::string&) {}});
}

}  // namespace bpflink::faults
