// SPDX-License-Identifier: MIT
#include "bpflink/attach/tcx.hpp"

#include <cerrno>

#include "attach/ordered_interface.hpp"
#include "attach/tcx_filter.hpp"
#include "attachment.hpp"
#include "explain/feature.hpp"
#include "explain/filter.hpp"

namespace bpflink {

namespace {

bool is_hook(tcx_hook hook) noexcept { return hook == tcx_hook::ingress || hook == tcx_hook::egress; }

bool well_formed(const tcx_filter& filter) noexcept { return filter.priority != 0 && filter.handle != 0; }

attempt attempted(const tcx_options& options) noexcept {
  return {text{"attach tcx {}", to_string(options.hook)}, "to", hooks::describe(options.interface)};
}

[[gnu::cold, gnu::noinline]] expected<tcx_link> ill_formed(const tcx_options& options) noexcept {
  const auto what = attempted(options);
  if (!is_hook(options.hook)) return tl::unexpected(hooks::no_such_hook(what));
  if (well_formed(options.filter)) return tl::unexpected(hooks::ill_formed(what, hooks::ordered(options)));
  return tl::unexpected(
      refuse(what, {errc::invalid_argument, cause::bad_option,
                    text{"a filter's {} is 1 or more", options.filter.priority == 0 ? "priority" : "handle"},
                    text{"leave it out for the kernel's own choice"}}));
}

kernel::filter_place place_of(const tcx_options& options) noexcept {
  return {.interface = options.interface.index().value(),
          .hook = options.hook == tcx_hook::ingress ? kernel::clsact_hook::ingress : kernel::clsact_hook::egress,
          .priority = options.filter.priority.value_or(0),
          .handle = options.filter.handle.value_or(0)};
}

// What kernels before 6.6 have instead of links. They have no order that could be asked for.
expected<tcx_link> attach_without_link(const tcx_options& options, kernel::failure no_links) noexcept {
  auto why = explain::lacking(feature::tcx_links);
  if (options.position || options.expected_revision) {
    why.reason.add("; without them there are no {}", options.position ? "positions" : "revisions");
    if (options.position) why.hint.add("tc filters run in the order of their priorities");
    return tl::unexpected(make_error(attempted(options), no_links, why));
  }
  auto held = hooks::attach_filter(place_of(options), options.program);
  if (held) return detail::link_access::make<link_type::tcx>(*std::move(held));
  const auto& last = held.error();
  const auto first = make_error(attempted(options), no_links, why);
  const auto reason = with_words(explain::filter(place_of(options), options.program, last.why), last.words.view());
  return tl::unexpected(make_error(attempted(options), last.why, reason, &first, last.words.view()));
}

[[gnu::cold, gnu::noinline]] expected<tcx_link> not_attached(const tcx_options& options,
                                                             kernel::failure failed) noexcept {
  const bool unknown = failed.number == EINVAL || failed.number == E2BIG;
  if (unknown && options.mechanism == mechanism_choice::best && probe(feature::tcx_links) == availability::no) {
    return attach_without_link(options, failed);
  }
  const auto why = hooks::why_no_link(hooks::ordered(options), feature::tcx_links, failed);
  return tl::unexpected(make_error(attempted(options), failed, why));
}

// In the interface's network namespace.
expected<tcx_link> attach_here(const tcx_options& options) noexcept {
  auto link = hooks::make_link(hooks::ordered(options));
  if (!link) return not_attached(options, link.error());
  return detail::link_access::make<link_type::tcx>(*std::move(link));
}

}  // namespace

std::string_view to_string(tcx_hook hook) noexcept {
  switch (hook) {
    case tcx_hook::ingress:
      return "ingress";
    case tcx_hook::egress:
      return "egress";
  }
  return "unknown";
}

expected<tcx_link> attach(const tcx_options& options) noexcept {
  if (!is_hook(options.hook) || !well_formed(options.filter) || !hooks::well_formed(hooks::ordered(options))) {
    return ill_formed(options);
  }
  return hooks::in_netns_of(
      options.interface, [&] { return attempted(options); }, [&] { return attach_here(options); });
}

expected<attached_programs> query(const tcx_query& asked) noexcept {
  const auto words = [&] {
    return attempt{text{"query tcx {}", to_string(asked.hook)}, "of", hooks::describe(asked.interface)};
  };
  if (!is_hook(asked.hook)) return tl::unexpected(hooks::no_such_hook(words()));
  return hooks::query_interface(asked.interface, static_cast<attach_type>(static_cast<kernel::u32>(asked.hook)), words);
}

}  // namespace bpflink
