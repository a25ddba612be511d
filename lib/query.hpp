// SPDX-License-Identifier: MIT
#pragma once

#include "attached.hpp"
#include "explain/place.hpp"
#include "failure.hpp"

// The hooks' queries.
namespace bpflink::hooks {

// Why the kernel did not tell what is attached.
[[nodiscard]] diagnosis query_refused(const explain::place& there, kernel::failure failed) noexcept;

template <class Place, class Words>
[[gnu::cold, gnu::noinline]] void not_told(expected<attached_programs>& found, kernel::failure failed,
                                           const Place& place, const Words& words) noexcept {
  found = tl::unexpected(make_error(words(), failed, query_refused(place(), failed)));
}

// `place` tells where it is, and `words` makes the attempt: both are called where there is an error to tell.
template <class Place, class Words>
[[nodiscard]] inline expected<attached_programs> query_hook(const attached_request& asked, const Place& place,
                                                            const Words& words) noexcept {
  expected<attached_programs> found{tl::in_place};
  if (const auto told = query_attached(asked, *found); !told) not_told(found, told.error(), place, words);
  return found;
}

}  // namespace bpflink::hooks
