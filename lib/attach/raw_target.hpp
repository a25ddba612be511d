// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpflink/attach/raw_target.hpp"
#include "bpflink/kinds.hpp"
#include "failure.hpp"
#include "kernel/abi.hpp"

namespace bpflink::hooks {

// What a hook attaches to.
enum class target_kind : std::uint8_t { unknown, none, cgroup, netns, map, perf_event, interface, device };
[[nodiscard]] target_kind target_of(attach_type where) noexcept;
// Whether the kernel attaches there without a link; nothing where that is not written down here.
[[nodiscard]] std::optional<bool> attaches_programs(attach_type where) noexcept;

// As attributes carry it.
[[nodiscard]] kernel::u32 number_of(const raw_target& target) noexcept;
// For the sentence.
[[nodiscard]] text describe(const raw_target& target) noexcept;

// A handle was given that holds nothing; `which` says what it should have held.
[[nodiscard]] diagnosis empty_handle(std::string_view which) noexcept;
// The target is empty, or of a sort that the kernel would misread: a descriptor's number for an interface's.
[[nodiscard]] std::optional<diagnosis> misread(const raw_target& target,
                                               std::optional<raw_target::sort> wanted) noexcept;
// The sort that a kind of hook takes; nothing where that is not written down here.
[[nodiscard]] std::optional<raw_target::sort> sort_of(target_kind kind) noexcept;

}  // namespace bpflink::hooks
