// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "attach/order.hpp"
#include "attach/raw_target.hpp"
#include "bpflink/attach/raw_target.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "explain/place.hpp"
#include "failure.hpp"

// What attaching and detaching without a link have in common.
namespace bpflink::hooks {

[[nodiscard]] attempt attempted_without_link(std::string_view verb, std::string_view joint, attach_type where,
                                             const raw_target& target) noexcept;
[[nodiscard]] diagnosis bad_option(std::string_view why) noexcept;

// Hooks of interfaces whose programs stand in an order: tcx, netkit.
[[nodiscard]] bool is_ordered_interface(attach_type where) noexcept;
// Hooks that are newer than this library may have what it does not know of.
[[nodiscard]] bool may_have_order(attach_type where) noexcept;

// What both calls ask of the program, the target and the revision.
[[nodiscard]] std::optional<diagnosis> contradiction(const raw_target& target, program_ref program, attach_type where,
                                                     const std::optional<revision>& expected) noexcept;

template <class Options>
[[nodiscard]] explain::place place_of(const Options& options) noexcept {
  return {options.target, options.hook, target_of(options.hook)};
}

}  // namespace bpflink::hooks
