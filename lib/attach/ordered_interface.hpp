// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "attach/netns_target.hpp"
#include "attach/order.hpp"
#include "bpflink/attached.hpp"
#include "bpflink/features.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/interface_target.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/position.hpp"
#include "bpflink/program.hpp"
#include "explain/place.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "query.hpp"

// What tcx and netkit do alike: links to an interface that stand in an order.
namespace bpflink::hooks {

// What both are asked for.
struct ordered_attach {
  ifindex interface;
  attach_type where;
  program_ref program;
  const std::optional<position>& order;
  std::optional<revision> expected;
};

template <class Options>
[[nodiscard]] ordered_attach ordered(const Options& options) noexcept {
  return {options.interface.index(), static_cast<attach_type>(static_cast<kernel::u32>(options.hook)), options.program,
          options.position, options.expected_revision};
}

// Whether the kernel can be asked at all.
[[nodiscard]] inline bool well_formed(const ordered_attach& asked) noexcept {
  return asked.program.fd() && !says_nothing(asked.order, asked.expected);
}
// Why it cannot.
[[nodiscard]] bpf_error ill_formed(const attempt& what, const ordered_attach& asked) noexcept;
// A number that is no hook's was made one.
[[nodiscard]] bpf_error no_such_hook(const attempt& what) noexcept;

// In the interface's network namespace.
[[nodiscard]] inline kernel::result<unique_fd> make_link(const ordered_attach& asked) noexcept {
  const auto place = placement_of(asked.order);
  return kernel::link_create(kernel::link_create_ordered_attr{
      .base = {.prog_fd = kernel::descriptor(asked.program.fd().get()),
               .target = asked.interface.value(),
               .attach_type = static_cast<kernel::u32>(asked.where),
               .flags = place.flags},
      .relative = place.relative,
      .expected_revision = number_of(asked.expected),
  });
}
// Why the kernel did not make it, in the interface's network namespace. `needed` is what it has such links by.
[[nodiscard]] diagnosis why_no_link(const ordered_attach& asked, feature needed, kernel::failure failed) noexcept;

// What is attached; `words` makes the attempt, where there is an error to tell.
template <class Words>
[[nodiscard]] expected<attached_programs> query_interface(const interface_target& interface, attach_type where,
                                                          const Words& words) noexcept {
  const auto place = [where, &interface] { return explain::place{interface.index(), where, target_kind::interface}; };
  const attached_request request{
      .target = interface.index().value(), .where = where, .told = attached_request::also::links};
  return in_netns_of(interface, words, [&] { return query_hook(request, place, words); });
}

}  // namespace bpflink::hooks
