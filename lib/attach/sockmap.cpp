// SPDX-License-Identifier: MIT
#include "bpflink/attach/sockmap.hpp"

#include <array>
#include <cerrno>

#include "attach/program_attach.hpp"
#include "attach/raw_target.hpp"
#include "attached.hpp"
#include "attachment.hpp"
#include "bpflink/features.hpp"
#include "explain/capability.hpp"
#include "explain/feature.hpp"
#include "explain/place.hpp"
#include "explain/sockmap.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "query.hpp"
#include "word.hpp"

namespace bpflink {

namespace {

constexpr std::array<std::string_view, 2> eviction_words{"refused", "allowed"};

attach_type attach_type_of(sockmap_hook hook) noexcept { return static_cast<attach_type>(hook); }

bool is_hook(sockmap_hook hook) noexcept {
  return hook == sockmap_hook::stream_parser || hook == sockmap_hook::stream_verdict ||
         hook == sockmap_hook::msg_verdict || hook == sockmap_hook::skb_verdict;
}

template <class Request>
explain::place place_of(const Request& request) noexcept {
  return {request.map.fd(), attach_type_of(request.hook), hooks::target_kind::map};
}

attempt attempted(const sockmap_options& options) noexcept {
  return {text{"attach sockmap {}", to_string(options.hook)}, "to", hooks::describe(raw_target{options.map.fd()})};
}
attempt attempted(const sockmap_query& asked) noexcept {
  return {text{"query sockmap {}", to_string(asked.hook)}, "of", hooks::describe(raw_target{asked.map.fd()})};
}

// Whether the kernel can be asked at all.
template <class Request>
bool well_formed(const Request& request) noexcept {
  return is_hook(request.hook) && request.map.fd();
}
// Why it cannot.
template <class Request>
[[gnu::cold, gnu::noinline]] bpf_error ill_formed(const Request& request) noexcept {
  if (!is_hook(request.hook)) {
    return refuse(attempted(request), {errc::invalid_argument, cause::bad_option, text{"maps have no such hook"}, {}});
  }
  return refuse_empty(attempted(request), "map");
}

[[gnu::cold, gnu::noinline]] expected<sockmap_link> refused(bpf_error&& error) noexcept {
  return tl::unexpected(std::move(error));
}

using found_programs = kernel::result<attached_programs>;

// Nobody is there, or the kernel does not tell (before 5.18): nothing can be done for whoever it may be.
bool is_vacant(const found_programs& found) noexcept { return found ? found->empty() : found.error().number == EINVAL; }

[[gnu::cold, gnu::noinline]] expected<sockmap_link> not_vacant(const sockmap_options& options,
                                                               const found_programs& found) noexcept {
  const auto there = place_of(options);
  if (found) {
    const auto why = explain::would_evict(options.map.fd(), there.where, (*found)[0].program, options.program);
    return tl::unexpected(refuse(attempted(options), why));
  }
  const auto failed = found.error();
  auto why = explain::refused_at(there, options.program, failed);
  if (failed.number == EPERM) {
    why = explain::missing_capability({kernel::capability::net_admin}).value_or(why);
    why.hint.add("the kernel is asked whose program would go, unless eviction is allowed");
  }
  return tl::unexpected(make_error(attempted(options), failed, why));
}

// Who may load no program for a probe has the one that is to be attached.
bool lacks_links(const sockmap_options& options) noexcept {
  const auto known = probe(feature::sockmap_links);
  if (known == availability::yes || known == availability::no) return known == availability::no;
  const auto program = kernel::descriptor(options.program.fd().get());
  const auto nowhere = kernel::descriptor(-1);
  const auto where = static_cast<kernel::u32>(options.hook);
  const auto linked =
      kernel::link_create(kernel::link_create_attr{.prog_fd = program, .target = nowhere, .attach_type = where});
  if (linked || linked.error().number != EINVAL) return false;
  const auto attached = kernel::prog_attach({.target = nowhere, .attach_bpf_fd = program, .attach_type = where});
  return !attached && attached.error().number == EBADF;
}

expected<sockmap_link> made(detail::attachment&& held, sockmap_hook hook) noexcept {
  held.place = static_cast<std::uint32_t>(hook);
  return detail::link_access::make<link_type::sockmap>(std::move(held));
}

// What kernels before 6.10 have instead of links.
expected<sockmap_link> attach_without_link(const sockmap_options& options, kernel::failure no_links) noexcept {
  const auto there = place_of(options);
  auto held = hooks::attach_alone(options.map.fd(), options.program, there.where);
  if (held) return made(*std::move(held), options.hook);
  const auto what = attempted(options);
  const auto first = make_error(what, no_links, explain::by_feature(no_links, feature::sockmap_links));
  const auto failed = held.error();
  return tl::unexpected(make_error(what, failed, explain::refused_at(there, options.program, failed), &first));
}

[[gnu::cold, gnu::noinline]] expected<sockmap_link> not_attached(const sockmap_options& options,
                                                                 kernel::failure failed) noexcept {
  if (failed.number == EINVAL && options.mechanism == mechanism_choice::best && lacks_links(options)) {
    return attach_without_link(options, failed);
  }
  return tl::unexpected(
      make_error(attempted(options), failed, explain::refused_at(place_of(options), options.program, failed)));
}

}  // namespace

std::string_view to_string(sockmap_hook hook) noexcept {
  switch (hook) {
    case sockmap_hook::stream_parser:
      return "stream_parser";
    case sockmap_hook::stream_verdict:
      return "stream_verdict";
    case sockmap_hook::msg_verdict:
      return "msg_verdict";
    case sockmap_hook::skb_verdict:
      return "skb_verdict";
  }
  return "unknown";
}

std::string_view to_string(eviction what) noexcept { return word(eviction_words, what); }

expected<sockmap_link> attach(const sockmap_options& options) noexcept {
  if (!well_formed(options)) return refused(ill_formed(options));
  if (!options.program.fd()) return refused(refuse_empty(attempted(options), "program"));
  const auto map = kernel::descriptor(options.map.fd().get());
  if (options.eviction == eviction::refused) {
    const auto found = query_attached({.target = map, .where = attach_type_of(options.hook)});
    if (!is_vacant(found)) return not_vacant(options, found);
  }
  auto link = kernel::link_create(kernel::link_create_attr{
      .prog_fd = kernel::descriptor(options.program.fd().get()),
      .target = map,
      .attach_type = static_cast<kernel::u32>(options.hook),
  });
  if (!link) return not_attached(options, link.error());
  return made(detail::link_access::link_attachment(*std::move(link), link_type::sockmap), options.hook);
}

expected<attached_programs> query(const sockmap_query& asked) noexcept {
  if (!well_formed(asked)) return tl::unexpected(ill_formed(asked));
  return hooks::query_hook(
      {.target = kernel::descriptor(asked.map.fd().get()), .where = attach_type_of(asked.hook)},
      [&] { return place_of(asked); }, [&] { return attempted(asked); });
}

}  // namespace bpflink
