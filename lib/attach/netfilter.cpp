// SPDX-License-Identifier: MIT
#include "bpflink/attach/netfilter.hpp"

#include <string_view>

#include "attach/netns_target.hpp"
#include "attachment.hpp"
#include "explain/netfilter.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"

namespace bpflink {

namespace {

attempt attempted(const netfilter_options& options) noexcept {
  return {text{"attach netfilter {} {} with priority {}", to_string(options.family), to_string(options.hook),
               options.priority.value()},
          "in", hooks::describe(options.netns)};
}

[[gnu::cold, gnu::noinline]] expected<netfilter_link> not_attached(const netfilter_options& options,
                                                                   kernel::failure failed) noexcept {
  const explain::netfilter_place place{options.family, options.hook, options.priority.value(), options.defragment};
  return tl::unexpected(make_error(attempted(options), failed, explain::netfilter(place, options.program, failed)));
}

[[gnu::cold, gnu::noinline]] expected<netfilter_link> no_program(const netfilter_options& options) noexcept {
  return tl::unexpected(refuse_empty(attempted(options), "program"));
}

[[gnu::cold, gnu::noinline]] expected<netfilter_link> bad_option(const netfilter_options& options,
                                                                 std::string_view why) noexcept {
  return tl::unexpected(refuse(attempted(options), {errc::invalid_argument, cause::bad_option, text{"{}", why}, {}}));
}

// In the network namespace.
expected<netfilter_link> attach_here(const netfilter_options& options) noexcept {
  auto link = kernel::link_create(kernel::link_create_netfilter_attr{
      .base = {.prog_fd = kernel::descriptor(options.program.fd().get()),
               .attach_type = static_cast<kernel::u32>(attach_type::netfilter)},
      .pf = static_cast<kernel::u32>(options.family),
      .hooknum = static_cast<kernel::u32>(options.hook),
      .priority = options.priority.value(),
      .flags = options.defragment ? kernel::netfilter_defragment : 0,
  });
  if (!link) return not_attached(options, link.error());
  return detail::link_access::make<link_type::netfilter>(*std::move(link));
}

}  // namespace

expected<netfilter_link> attach(const netfilter_options& options) noexcept {
  if (options.family != netfilter_family::ipv4 && options.family != netfilter_family::ipv6) {
    return bad_option(options, explain::no_such_family);
  }
  if (static_cast<kernel::u32>(options.hook) > static_cast<kernel::u32>(netfilter_hook::post_routing)) {
    return bad_option(options, explain::no_such_hook);
  }
  if (options.defragment && options.priority.value() <= netfilter_priority::defragment.value()) {
    return bad_option(options, explain::before_defragmentation);
  }
  if (!options.program.fd()) return no_program(options);
  return hooks::in_netns_of(
      options.netns, [&] { return attempted(options); }, [&] { return attach_here(options); });
}

}  // namespace bpflink
