// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/features.hpp"

namespace bpflink::features {

// Asks the kernel, remembering nothing.
[[nodiscard]] availability ask(feature what) noexcept;

}  // namespace bpflink::features
