// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_query.hpp"

#include "attach/raw_target.hpp"
#include "failure.hpp"
#include "query.hpp"

namespace bpflink {

namespace {

attempt attempted(const raw_query& asked) noexcept {
  const auto target = hooks::describe(asked.target);
  return {text{"query {}", hooks::describe(asked.hook).view()}, target.empty() ? "" : "of", target};
}

std::optional<diagnosis> contradiction(const raw_query& asked, hooks::target_kind kind) noexcept {
  using hooks::target_kind;
  if (auto wrong = hooks::misread_by_descriptor(asked.target, kind)) return wrong;
  if (asked.view == attached_view::here || kind == target_kind::cgroup || kind == target_kind::unknown) {
    return std::nullopt;
  }
  return diagnosis{errc::invalid_argument, cause::bad_option, text{"only cgroups tell effective programs apart"}, {}};
}

}  // namespace

expected<attached_programs> query(const raw_query& asked) noexcept {
  const auto kind = hooks::target_of(asked.hook);
  const auto words = [&asked] { return attempted(asked); };
  if (const auto wrong = contradiction(asked, kind)) return tl::unexpected(refuse(words(), *wrong));
  const auto ask = [&](const raw_target& target) {
    const attached_request request{.target = hooks::number_of(target),
                                   .where = asked.hook,
                                   .told = explain::told_at(kind),
                                   .effective = asked.view == attached_view::effective};
    return hooks::query_hook(
        request,
        [&] {
          return explain::place{target, asked.hook, kind};
        },
        words);
  };
  return hooks::in_netns_of(asked.target, words, [&] { return hooks::by_descriptor(asked.target, words, ask); });
}

}  // namespace bpflink
