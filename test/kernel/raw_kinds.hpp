// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "bpflink/kinds.hpp"
#include "support/fd.hpp"
#include "support/kernel_version.hpp"

namespace bpflink {

/// A link that the oracle made, with what its update takes and what has to stay until it is gone.
struct raw_kind_link {
  test::fd link;     ///< Or the errno with which the kernel refused: the link, or something before it.
  test::fd another;  ///< A program, or for struct_ops a map, that the link could be updated to.
  std::vector<test::fd> kept = {};
  std::shared_ptr<void> target = {};
};

/// A kind of link, with how to make one by raw system calls.
struct raw_kind {
  link_type type;
  std::uint32_t number;          ///< The kernel's.
  test::kernel_version since;    ///< Links of this kind.
  std::vector<int> unavailable;  ///< What a kernel answers that was built, or patched, without.
  std::function<raw_kind_link()> make;
};

/// Every kind that the kernel has.
std::vector<raw_kind> raw_kinds();

}  // namespace bpflink
