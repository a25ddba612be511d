// SPDX-License-Identifier: MIT
// Probes, where each system call fails in turn: what could not be found out is neither taken for an answer nor
// remembered. What a process knows it does not ask again, so that each fault has a process of its own.
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

#include "bpflink/features.hpp"
#include "faults.hpp"
#include "support/catch.hpp"
#include "support/old_kernel.hpp"

namespace bpflink {

namespace {

// Beside these there are errors that answer the question: EINVAL says that a kernel does not know something, and
// EBADF and ENOENT that it does.
constexpr std::array errors{ENOMEM, EPERM, EACCES, EMFILE, EIO};

feature numbered(std::size_t number) { return static_cast<feature>(number); }

// What is so without faults, as to_string() has it.
std::string truth_of(feature what) {
  return test::in_child([what] {
           const auto answer = to_string(probe(what));
           std::printf("%.*s", static_cast<int>(answer.size()), answer.data());
         })
      .output;
}

void probe_with(feature what, std::size_t call, int error, const std::string& truth) {
  test::syscall_supervisor supervisor;
  const auto before = test::open_descriptors();
  std::string_view answer;
  const bool reached = supervisor.fail_nth(call, error, [&] { answer = to_string(probe(what)); });
  const auto where =
      std::string{to_string(what)} + " after " + std::string{errno_name(error)} + " from call " + std::to_string(call);
  expect_equal(test::leaked(before, test::open_descriptors()), "", "descriptors of " + where);
  if (!reached) {
    expect_equal(std::string{answer}, truth, where);
    std::printf("end");
    return;
  }
  const bool denied = error == EPERM || error == EACCES;
  expect(answer == "unknown" || (denied && answer == "forbidden") || answer == truth,
         where + ": " + std::string{answer});
  expect_equal(std::string{to_string(probe(what))}, truth, "asked again, " + where);
}

// Returns what went wrong.
std::string probe_with_each_fault(feature what) {
  const auto truth = truth_of(what);
  // A long file is read by hundreds of calls, which are alike.
  constexpr std::size_t each_up_to = 32;
  for (std::size_t call = 1;; call += call < each_up_to ? 1 : call) {
    for (const int error : faults::fewer(errors, 1)) {
      const auto result = test::in_child([&] { probe_with(what, call, error, truth); });
      if (!result) return result.failure();
      if (result.output == "end") return call > 1 ? "" : "no call was made";
    }
  }
}

}  // namespace

TEST_CASE("faults: probes", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  // This process may know its kernel already.
  CHECK(test::on_old_kernel(
            "fresh-faults", [] {}, 300)
            .failure() == "");
}

TEST_CASE("probes that fail", "[.][fresh-faults]") {
  for (std::size_t number = 0; number < feature_count; ++number) {
    INFO(to_string(numbered(number)));
    CHECK(probe_with_each_fault(numbered(number)) == "");
  }
}

}  // namespace bpflink
