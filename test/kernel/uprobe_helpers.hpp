// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/attach/uprobe_multi.hpp"
#include "older_kernel.hpp"
#include "uprobe_targets.hpp"

namespace bpflink {

/// Whether this kernel has no uprobe multi links; then it is shown that the library says so.
inline bool lacks_uprobe_multi() {
  return older_than(6, 6, [] {
    const auto program = test::load({.type = test::prog_type::kprobe});
    const auto place = test::offset_of(test::first_target);
    return attach(uprobe_multi_options{.path = "/proc/self/exe", .offsets = {&place, 1}, .program = borrow(program)});
  });
}

}  // namespace bpflink
