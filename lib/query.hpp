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
  expected<attached_programs> found{tl::in_place};
  const auto told = query_attached({.target = number_of(there.target),
                                    .where = there.where,
                                    .told = explain::told_at(there.kind),
                                    .effective = effective},
                                   *found);
  if (!told) found = tl::unexpected(make_error(words(), told.error(), query_refused(there, told.error())));
  return found;
}

}  // namespace bpflink::hooks
