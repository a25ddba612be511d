// SPDX-License-Identifier: MIT
#include "bpflink/attach/xdp.hpp"

#include <cerrno>

#include "attach/netns_target.hpp"
#include "attach/xdp_netlink.hpp"
#include "attachment.hpp"
#include "bpflink/features.hpp"
#include "explain/xdp.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/xdp.hpp"

namespace bpflink {

namespace {

static_assert(static_cast<kernel::u32>(xdp_mode::generic) == kernel::xdp_generic);
static_assert(static_cast<kernel::u32>(xdp_mode::native) == kernel::xdp_native);
static_assert(static_cast<kernel::u32>(xdp_mode::offload) == kernel::xdp_offload);

attempt attempted(const xdp_options& options) noexcept {
  attempt what{text{"attach xdp"}, "to", hooks::describe(options.interface)};
  if (options.mode != xdp_mode::automatic) what.target.add(" in {} mode", to_string(options.mode));
  return what;
}

explain::xdp_place place_of(const xdp_options& options) noexcept {
  return {options.interface.index().value(), static_cast<kernel::u32>(options.mode)};
}

[[gnu::cold, gnu::noinline]] expected<xdp_link> not_attached(const xdp_options& options,
                                                             kernel::failure failed) noexcept {
  const auto place = place_of(options);
  const bool fall_back = failed.number == EINVAL && options.mechanism == mechanism_choice::best &&
                         probe(feature::xdp_links) == availability::no;
  if (!fall_back) {
    return tl::unexpected(make_error(attempted(options), failed, explain::xdp(place, options.program, failed)));
  }

  auto held = hooks::attach_xdp_by_netlink(place.interface, options.program, place.flags);
  if (held) return detail::link_access::make<link_type::xdp>(*std::move(held));
  const auto& last = held.error();
  const auto first = make_error(attempted(options), failed, explain::xdp(place, options.program, failed));
  const auto why = with_words(explain::xdp(place, options.program, last.why), last.words.view());
  return tl::unexpected(make_error(attempted(options), last.why, why, &first, last.words.view()));
}

bool is_mode(xdp_mode mode) noexcept {
  return mode == xdp_mode::automatic || mode == xdp_mode::generic || mode == xdp_mode::native ||
         mode == xdp_mode::offload;
}

[[gnu::cold, gnu::noinline]] expected<xdp_link> ill_formed(const xdp_options& options) noexcept {
  if (!options.program.fd()) return tl::unexpected(refuse_empty(attempted(options), "program"));
  return tl::unexpected(
      refuse(attempted(options), {errc::invalid_argument, cause::bad_option, text{"XDP has no such mode"}, {}}));
}

}  // namespace

std::string_view to_string(xdp_mode mode) noexcept {
  switch (mode) {
    case xdp_mode::automatic:
      return "automatic";
    case xdp_mode::generic:
      return "generic";
    case xdp_mode::native:
      return "native";
    case xdp_mode::offload:
      return "offload";
  }
  return "unknown";
}

namespace {

// In the interface's network namespace.
expected<xdp_link> attach_here(const xdp_options& options) noexcept {
  const auto place = place_of(options);
  auto link = kernel::link_create(kernel::link_create_attr{
      .prog_fd = kernel::descriptor(options.program.fd().get()),
      .target = place.interface,
      .attach_type = static_cast<kernel::u32>(attach_type::xdp),
      .flags = place.flags,
  });
  if (!link) return not_attached(options, link.error());
  return detail::link_access::make<link_type::xdp>(*std::move(link));
}

}  // namespace

expected<xdp_link> attach(const xdp_options& options) noexcept {
  if (!options.program.fd() || !is_mode(options.mode)) return ill_formed(options);
  return hooks::in_netns_of(
      options.interface, [&] { return attempted(options); }, [&] { return attach_here(options); });
}

}  // namespace bpflink
