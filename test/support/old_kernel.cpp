// SPDX-License-Identifier: MIT
#include "old_kernel.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "fd.hpp"

namespace bpflink::test {

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
  // A tag that no case has ends well, too.
  if (result && result.output.find(" passed, ") == std::string::npos) result.exit_status = 1;
  return result;
}

}  // namespace bpflink::test
