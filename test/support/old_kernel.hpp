// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "child.hpp"

namespace bpflink::test {

/// Runs the test cases with this tag, "old-netns", in a process of its own after `before`, which makes an old kernel of
/// this one: a filter stays over execve(2), and what this process has found out about its kernel does not. The cases
/// are hidden ("[.][old-netns]"): by themselves they never run. failure() is "" if all passed, and none was
/// skipped but for the kernel's age.
child_result on_old_kernel(const std::string& tag, const std::function<void()>& before, unsigned seconds = 120);

}  // namespace bpflink::test
