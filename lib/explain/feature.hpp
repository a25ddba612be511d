// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/features.hpp"
#include "bpflink/kinds.hpp"
#include "failure.hpp"
#include "kernel/result.hpp"

namespace bpflink::explain {

// "this kernel has no links (BPF_LINK_CREATE), which came with Linux 5.7", where its probe says no; nothing else.
[[nodiscard]] std::optional<diagnosis> missing_feature(feature what) noexcept;
// The same, where it was established otherwise.
[[nodiscard]] diagnosis lacking(feature what) noexcept;
// No kernel attaches there but by a link.
[[nodiscard]] diagnosis links_only() noexcept;

// The same for a hook that has no feature of its own: where the kernel loads no program for it.
[[nodiscard]] std::optional<diagnosis> missing_hook(attach_type where) noexcept;

// The hook's devices have none of its programs, where the kernel loads none for it: an option of its build.
[[nodiscard]] std::optional<diagnosis> missing_driver(attach_type where) noexcept;

// What an errno means once every other cause was looked for: EINVAL and E2BIG say that the feature is missing where its
// probe says so, and "not supported" only as long as the kernel is not known to have it.
[[nodiscard]] diagnosis by_feature(kernel::failure failed, feature what) noexcept;

}  // namespace bpflink::explain
