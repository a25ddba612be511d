// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/features.hpp"
#include "failure.hpp"

namespace bpflink::explain {

// "this kernel has no links (BPF_LINK_CREATE); Linux has them since 5.7", where its probe says no; nothing else.
[[nodiscard]] std::optional<diagnosis> missing_feature(feature what) noexcept;

}  // namespace bpflink::explain
