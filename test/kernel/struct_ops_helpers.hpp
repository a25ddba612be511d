// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/attach/struct_ops.hpp"
#include "older_kernel.hpp"
#include "support/congestion_control.hpp"

namespace bpflink {

/// Whether this kernel has no links of struct_ops; then it is shown that the library says so.
inline bool lacks_struct_ops_links() {
  return older_than(6, 4, [] {
    const auto map = test::congestion_control::empty_map(false);
    return attach(struct_ops_options{.map = fd_ref{map.get()}});
  });
}

}  // namespace bpflink
