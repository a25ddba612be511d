// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>

#include "bpflink/error.hpp"
#include "kernel/result.hpp"
#include "text.hpp"

namespace bpflink {

// What was being done, for the beginning of the sentence: "attach cgroup inet_egress" "to" "/sys/fs/cgroup/app.slice".
struct attempt {
  text action;
  std::string_view joint;  // "to", "at", "from"; empty where there is no target
  text target;
};

// What a failure means, and why.
struct diagnosis {
  errc code = errc::system;
  bpflink::cause why = cause::unknown;
  text reason;
  text hint;
};

// What the errno alone says. The hooks know better, where they can establish more.
[[nodiscard]] diagnosis diagnose(kernel::failure failed) noexcept;

// ... and the kernel's own words behind it, where it had some.
[[nodiscard]] diagnosis with_words(diagnosis why, std::string_view words) noexcept;

// An error about a system call that failed. What is not permitted for no cause that was established is looked into
// here: bpf(2) can be closed as a whole, whatever is asked of it.
[[nodiscard]] bpf_error make_error(const attempt& what, kernel::failure failed, const diagnosis& why,
                                   const bpf_error* first = nullptr, std::string_view log = {}) noexcept;
// ... with what the errno alone says.
[[nodiscard]] bpf_error make_error(const attempt& what, kernel::failure failed) noexcept;
// An error about a request that was refused before any system call.
[[nodiscard]] bpf_error refuse(const attempt& what, const diagnosis& why) noexcept;
// ... because the handle given is empty; `which` says what it should have held: "program", "link".
[[nodiscard]] bpf_error refuse_empty(const attempt& what, std::string_view which) noexcept;

}  // namespace bpflink
