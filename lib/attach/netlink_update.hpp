// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "attachment.hpp"
#include "bpflink/program.hpp"
#include "explain/link.hpp"
#include "failure.hpp"
#include "kernel/files.hpp"

namespace bpflink::hooks {

// Updates what is attached by netlink, whose program the handle keeps as its companion. `swap` asks the kernel for it,
// by the descriptors of the next program and of the one expected, the handle's own where the caller names none;
// `why_not` says what a failure means.
template <class Swap, class WhyNot>
expected<void> update_by_netlink(detail::attachment& held, program_ref next, const program_ref* expected_old,
                                 const Swap& swap, const WhyNot& why_not) noexcept {
  const auto what = [&held] { return explain::on_link(held, "update"); };
  if (!held.companion) return tl::unexpected(refuse(what(), explain::detached()));
  auto owned = kernel::duplicate(next.fd().get());
  if (!owned) return tl::unexpected(make_error(what(), owned.error()));
  const auto expected = expected_old != nullptr ? *expected_old : program_ref{held.companion};
  const auto swapped = swap(owned->get(), expected.fd().get());
  if (!swapped) {
    const auto& failed = swapped.error();
    const auto words = failed.words.view();
    return tl::unexpected(
        make_error(what(), failed.why, with_words(why_not(expected, failed.why), words), nullptr, words));
  }
  held.companion = *std::move(owned);
  return {};
}

}  // namespace bpflink::hooks
