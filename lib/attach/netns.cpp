// SPDX-License-Identifier: MIT
#include "bpflink/attach/netns.hpp"

#include <cerrno>

#include "attach/netns_program.hpp"
#include "attach/netns_target.hpp"
#include "attachment.hpp"
#include "explain/feature.hpp"
#include "explain/netns.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/netns.hpp"
#include "query.hpp"

namespace bpflink {

namespace {

attempt attempted(const netns_options& options) noexcept {
  return {text{"attach {}", to_string(options.hook)}, "to", hooks::describe(options.netns)};
}

attach_type attach_type_of(netns_hook hook) noexcept { return static_cast<attach_type>(hook); }

expected<netns_link> made(detail::attachment&& held, netns_hook hook) noexcept {
  held.place = static_cast<std::uint32_t>(hook);
  return detail::link_access::make<link_type::netns>(std::move(held));
}

// What kernels before 5.8 have instead of links, in the calling thread's namespace.
expected<netns_link> attach_without_link(const netns_options& options, fd_ref netns,
                                         kernel::failure no_links) noexcept {
  const auto where = attach_type_of(options.hook);
  const auto what = attempted(options);
  if (auto wrong = explain::unfit_netns(netns)) return tl::unexpected(make_error(what, no_links, *wrong));
  auto why = explain::lacking(feature::netns_links);
  if (!kernel::is_own_netns(netns.get())) {
    why.hint.add("without them a flow dissector can be attached by a thread in the namespace only");
    return tl::unexpected(make_error(what, no_links, why));
  }
  auto held = hooks::attach_in_own_netns(netns, options.program, where);
  if (held) return made(*std::move(held), options.hook);

  const auto first = make_error(what, no_links, why);
  const auto failed = held.error();
  if (failed.call != operation::none) {
    return tl::unexpected(
        make_error(what, failed, explain::refused_by_netns(netns, where, options.program, failed), &first));
  }
  const auto taken = explain::taken_netns(netns, where, options.program);
  return tl::unexpected(make_error(what, no_links, taken.value_or(diagnose(failed)), &first));
}

[[gnu::cold, gnu::noinline]] expected<netns_link> not_attached(const netns_options& options, fd_ref netns,
                                                               kernel::failure failed) noexcept {
  if (failed.number == EINVAL && options.mechanism == mechanism_choice::best &&
      options.hook == netns_hook::flow_dissector && probe(feature::netns_links) == availability::no) {
    return attach_without_link(options, netns, failed);
  }
  return tl::unexpected(
      make_error(attempted(options), failed,
                 explain::refused_by_netns(netns, attach_type_of(options.hook), options.program, failed)));
}

expected<netns_link> attach_to(const netns_options& options, fd_ref netns) noexcept {
  const kernel::link_create_attr attr{
      .prog_fd = kernel::descriptor(options.program.fd().get()),
      .target = kernel::descriptor(netns.get()),
      .attach_type = static_cast<kernel::u32>(options.hook),
  };
  auto link = kernel::link_create(attr);
  if (!link) return not_attached(options, netns, link.error());
  return made(detail::link_access::link_attachment(*std::move(link), link_type::netns), options.hook);
}

[[gnu::cold, gnu::noinline]] expected<netns_link> not_opened(const netns_options& options,
                                                             kernel::failure failed) noexcept {
  return tl::unexpected(make_error(attempted(options), failed, hooks::why_not_opened(options.netns, failed)));
}

[[gnu::cold, gnu::noinline]] expected<netns_link> empty(const netns_options& options, std::string_view which) noexcept {
  return tl::unexpected(refuse_empty(attempted(options), which));
}

bool is_hook(netns_hook hook) noexcept { return hook == netns_hook::flow_dissector || hook == netns_hook::sk_lookup; }

[[gnu::cold, gnu::noinline]] diagnosis no_such_hook() noexcept {
  return {errc::invalid_argument, cause::bad_option, text{"network namespaces have no such hook"}, {}};
}

}  // namespace

std::string_view to_string(netns_hook hook) noexcept {
  switch (hook) {
    case netns_hook::flow_dissector:
      return "flow_dissector";
    case netns_hook::sk_lookup:
      return "sk_lookup";
  }
  return "unknown";
}

expected<netns_link> attach(const netns_options& options) noexcept {
  if (!is_hook(options.hook)) return tl::unexpected(refuse(attempted(options), no_such_hook()));
  if (!options.program.fd()) return empty(options, "program");
  if (hooks::is_empty(options.netns)) return empty(options, "network namespace");
  if (const auto& file = options.netns.file()) return attach_to(options, *file);
  const auto netns = hooks::open(options.netns);
  if (!netns) return not_opened(options, netns.error());
  return attach_to(options, *netns);
}

namespace {

attempt attempted(const netns_query& asked) noexcept {
  return {text{"query {}", to_string(asked.hook)}, "of", hooks::describe(asked.netns)};
}

[[gnu::cold, gnu::noinline]] expected<unique_fd> open_asked(const netns_query& asked) noexcept {
  auto netns = hooks::open(asked.netns);
  if (netns) return *std::move(netns);
  return tl::unexpected(make_error(attempted(asked), netns.error(), hooks::why_not_opened(asked.netns, netns.error())));
}

}  // namespace

expected<attached_programs> query(const netns_query& asked) noexcept {
  if (!is_hook(asked.hook)) return tl::unexpected(refuse(attempted(asked), no_such_hook()));
  if (hooks::is_empty(asked.netns)) return tl::unexpected(refuse_empty(attempted(asked), "network namespace"));
  fd_ref netns;
  unique_fd opened;
  if (const auto& file = asked.netns.file()) {
    netns = *file;
  } else {
    auto meant = open_asked(asked);
    if (!meant) return tl::unexpected(std::move(meant).error());
    opened = *std::move(meant);
    netns = opened;
  }
  const auto where = attach_type_of(asked.hook);
  const auto place = [=] { return explain::place{netns, where, hooks::target_kind::netns}; };
  return hooks::query_hook({.target = kernel::descriptor(netns.get()), .where = where}, place,
                           [&] { return attempted(asked); });
}

}  // namespace bpflink
