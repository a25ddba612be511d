// SPDX-License-Identifier: MIT
// The one main of all test programs. Its status is 0, 1 or 77 (Meson's "skipped"), never the number of failures; its
// last line is "N passed, N failed, N skipped".
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "fd.hpp"
#include "privileges.hpp"

namespace bpflink::test {

namespace {

struct tally {
  unsigned passed = 0;
  unsigned failed = 0;
  unsigned skipped = 0;
  bool ran = false;
};
tally cases;
bool case_skipped = false;
std::string case_name;

bool skipping_is_failure() {
  const char* value = std::getenv("BPFLINK_REQUIRE_KERNEL");
  return value != nullptr && std::string_view(value) == "1";
}

#if __has_include(<catch2/catch_session.hpp>)
using listener_base = Catch::EventListenerBase;
#else
using listener_base = Catch::TestEventListenerBase;
#endif

// Counts the test cases, and fails those that leave descriptors or anything of their fixtures behind.
struct case_listener : listener_base {
  using listener_base::listener_base;

  void testRunStarting(const Catch::TestRunInfo&) override { cases.ran = true; }

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    case_name = info.name;
    case_skipped = false;
    residues_before_ = residues();
    before_ = open_descriptors();
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    bool failed = stats.totals.testCases.failed > 0 || residues() != residues_before_;
    if (const std::string leaks = leaked(before_, open_descriptors()); !leaks.empty()) {
      std::fprintf(stderr, "leaked descriptors: %s:\n%s", case_name.c_str(), leaks.c_str());
      failed = true;
    }
    ++(failed ? cases.failed : case_skipped ? cases.skipped : cases.passed);
  }

 private:
  descriptors before_;
  unsigned residues_before_ = 0;
};
CATCH_REGISTER_LISTENER(case_listener)

}  // namespace

void note_skip(const std::string& reason) {
  case_skipped = true;
  if (skipping_is_failure()) FAIL_CHECK("skipped, which BPFLINK_REQUIRE_KERNEL=1 forbids: " << reason);
  std::fprintf(stderr, "skipped: %s: %s\n", case_name.c_str(), reason.c_str());
}

}  // namespace bpflink::test

int main(int argc, char** argv) {
  using bpflink::test::cases;
  bpflink::test::raise_memory_lock();
  const int failed = Catch::Session().run(argc, argv);
  if (cases.ran) {
    std::printf("%u passed, %u failed, %u skipped\n", cases.passed, cases.failed, cases.skipped);
    std::fflush(stdout);
  }
  if (failed != 0 || cases.failed != 0) return EXIT_FAILURE;
  // A topic whose cases were renamed away must not pass for it.
  if (cases.ran && cases.passed + cases.skipped == 0) return EXIT_FAILURE;
  // One skipped case is enough, so that none goes unseen.
  return cases.skipped != 0 ? 77 : EXIT_SUCCESS;
}
