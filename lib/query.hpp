// SPDX-License-Identifier: MIT
#pragma once

#include "attached.hpp"
#include "explain/place.hpp"
#include "failure.hpp"

// The hooks' queries.
namespace bpflink::hooks {

// Why the kernel did not tell what is attached.
[[nodiscard]] diagnosis query_refused(const explain::place& there, kernel::failure failed) noexcept;

// After the kernel did not answer at once.
template <class Place, class Words>
[[gnu::cold, gnu::noinline]] void ask_again(expected<attached_programs>& found, attached_request asked,
                                            kernel::prog_query_attr& attr, kernel::failure failed, Place place,
                                            Words words) noexcept {
  const auto told = detail::attached_access::ask_again(*found, asked, attr, failed);
  if (told) return;
  found = tl::unexpected(make_error(words(), told.error(), query_refused(place(), told.error())));
}

// `place` tells where it is, and `words` makes the attempt: both are called where there is an error to tell. Inline,
// and without a result that both ways end in: each function that is returned through takes a hundredth of what the
// kernel takes (kernel/call.hpp), and so does moving the answer. By value: what nobody else can see stays in registers.
template <class Place, class Words>
[[nodiscard]] inline expected<attached_programs> query_hook(attached_request asked, Place place, Words words) noexcept {
  using access = detail::attached_access;
  expected<attached_programs> found{tl::in_place};
  kernel::prog_query_attr attr;
  if (const auto told = access::ask(*found, asked, attr); told) {
    access::keep(*found, asked, attr);
  } else {
    ask_again(found, asked, attr, told.error(), place, words);
  }
  return found;
}

}  // namespace bpflink::hooks
