// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "kernel/result.hpp"

namespace bpflink {

// The kind of a link. Linux 5.7 has links and no information on them; there the descriptor's fdinfo tells.
[[nodiscard]] kernel::result<link_type> kind_of_link(fd_ref link) noexcept;

}  // namespace bpflink
