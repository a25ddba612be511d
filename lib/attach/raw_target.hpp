// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "attach/netns_target.hpp"
#include "bpflink/attach/raw_target.hpp"
#include "bpflink/kinds.hpp"
#include "failure.hpp"
#include "kernel/abi.hpp"
#include "kernel/netns.hpp"

namespace bpflink::hooks {

// What a hook attaches to.
enum class target_kind : std::uint8_t { unknown, none, cgroup, netns, map, perf_event, interface, device };
[[nodiscard]] target_kind target_of(attach_type where) noexcept;
// Whether the kernel attaches there without a link; nothing where that is not written down here.
[[nodiscard]] std::optional<bool> attaches_programs(attach_type where) noexcept;

// As attributes carry it.
[[nodiscard]] kernel::u32 number_of(const raw_target& target) noexcept;
// For the sentence. A hook that has no name here is told by its number.
[[nodiscard]] text describe(const raw_target& target) noexcept;
[[nodiscard]] text describe(attach_type where) noexcept;

// A handle was given that holds nothing; `which` says what it should have held.
[[nodiscard]] diagnosis empty_handle(std::string_view which) noexcept;
// The target is empty, or of a sort that the kernel would misread: a descriptor's number for an interface's.
[[nodiscard]] std::optional<diagnosis> misread(const raw_target& target,
                                               std::optional<raw_target::sort> wanted) noexcept;
// The sort that a kind of hook takes; nothing where that is not written down here.
[[nodiscard]] std::optional<raw_target::sort> sort_of(target_kind kind) noexcept;
// The same for links and queries, to which this network namespace is a descriptor like that of any other.
[[nodiscard]] std::optional<diagnosis> misread_by_descriptor(const raw_target& target, target_kind kind) noexcept;

// The interface of such a target.
[[nodiscard]] std::optional<interface_target> interface_of(const raw_target& target) noexcept;

// Does something in the network namespace of the target's interface, where it has one.
template <class Function, class Words>
[[nodiscard]] auto in_netns_of(const raw_target& target, const Words& words, Function&& function) noexcept
    -> std::invoke_result_t<Function> {
  if (target.netns().is_current()) return function();
  const auto interface = interface_of(target);
  return interface ? in_netns_of(*interface, words, function) : function();
}

// Does something with the target as a descriptor, where it is this network namespace.
template <class Function, class Words>
[[nodiscard]] auto by_descriptor(const raw_target& target, const Words& words, Function&& function) noexcept
    -> std::invoke_result_t<Function, const raw_target&> {
  if (target.which() != raw_target::sort::this_netns) return function(target);
  const auto opened = kernel::open_own_netns();
  if (opened) return function(raw_target{*opened});
  return tl::unexpected(make_error(words(), opened.error(), why_not_opened(netns_target::current(), opened.error())));
}

}  // namespace bpflink::hooks
