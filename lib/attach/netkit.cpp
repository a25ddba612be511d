// SPDX-License-Identifier: MIT
#include "bpflink/attach/netkit.hpp"

#include "attach/ordered_interface.hpp"
#include "attachment.hpp"

namespace bpflink {

namespace {

bool is_hook(netkit_hook hook) noexcept { return hook == netkit_hook::primary || hook == netkit_hook::peer; }

attempt attempted(const netkit_options& options) noexcept {
  return {text{"attach netkit {}", to_string(options.hook)}, "to", hooks::describe(options.interface)};
}

[[gnu::cold, gnu::noinline]] expected<netkit_link> ill_formed(const netkit_options& options) noexcept {
  const auto what = attempted(options);
  return tl::unexpected(is_hook(options.hook) ? hooks::ill_formed(what, hooks::ordered(options))
                                              : hooks::no_such_hook(what));
}

[[gnu::cold, gnu::noinline]] expected<netkit_link> not_attached(const netkit_options& options,
                                                                kernel::failure failed) noexcept {
  const auto why = hooks::why_no_link(hooks::ordered(options), feature::netkit_links, failed);
  return tl::unexpected(make_error(attempted(options), failed, why));
}

// In the interface's network namespace.
expected<netkit_link> attach_here(const netkit_options& options) noexcept {
  auto link = hooks::make_link(hooks::ordered(options));
  if (!link) return not_attached(options, link.error());
  return detail::link_access::make<link_type::netkit>(*std::move(link));
}

}  // namespace

std::string_view to_string(netkit_hook hook) noexcept {
  switch (hook) {
    case netkit_hook::primary:
      return "primary";
    case netkit_hook::peer:
      return "peer";
  }
  return "unknown";
}

expected<netkit_link> attach(const netkit_options& options) noexcept {
  if (!is_hook(options.hook) || !hooks::well_formed(hooks::ordered(options))) return ill_formed(options);
  return hooks::in_netns_of(
      options.interface, [&] { return attempted(options); }, [&] { return attach_here(options); });
}

expected<attached_programs> query(const netkit_query& asked) noexcept {
  const auto words = [&] {
    return attempt{text{"query netkit {}", to_string(asked.hook)}, "of", hooks::describe(asked.interface)};
  };
  if (!is_hook(asked.hook)) return tl::unexpected(hooks::no_such_hook(words()));
  return hooks::query_interface(asked.interface, static_cast<attach_type>(static_cast<kernel::u32>(asked.hook)), words);
}

}  // namespace bpflink
