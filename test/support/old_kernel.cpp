// SPDX-License-Identifier: MIT
#include "old_kernel.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "fd.hpp"

namespace bpflink::test {

namespace {

constexpr int skipped = 77;

// Whether all that was skipped there was for the kernel's age: what the cases show has come later than what their
// parent asks for.
bool too_old_only(const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("skipped: ") && line.find(": needs Linux ") == std::string::npos) return false;
  }
  return true;
}

}  // namespace

child_result on_old_kernel(const std::string& tag, const std::function<void()>& before, unsigned seconds) {
  auto result = in_child(
      [&] {
        before();
        // The leak sanitizer stops every thread, the supervisor's too, and then makes calls that wait for it.
        ::setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
        ::execl("/proc/self/exe", "old-kernel", ("[" + tag + "]").c_str(), nullptr);
        throw_error(errno, "starting this program again");
      },
      seconds);
  if (result.exit_status == skipped && too_old_only(result.output)) result.exit_status = 0;
  // A tag that no case has ends well, too.
  if (result && result.output.find(" passed, ") == std::string::npos) result.exit_status = 1;
  return result;
}

}  // namespace bpflink::test
