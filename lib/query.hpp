// SPDX-License-Identifier: MIT
#pragma once

#include "attached.hpp"
#include "explain/place.hpp"
#include "failure.hpp"

// The hooks' queries.
namespace bpflink::hooks {

// Why the kernel did not tell what is attached.
[[nodiscard]] diagnosis query_refused(const explain::place& there, kernel::failure failed) noexcept;

// `words` makes the attempt, where there is an error to tell.
template <class Words>
[[nodiscard]] expected<attached_programs> query_hook(const explain::place& there, bool effective,
                                                     const Words& words) noexcept {
  auto found = query_attached({.target = number_of(there.target),
                               .where = there.where,
                               .told = explain::told_at(there.kind),
                               .effective = effective});
  if (!found) return tl::unexpected(make_error(words(), found.error(), query_refused(there, found.error())));
  return *std::move(found);
}

}  // namespace bpflink::hooks
