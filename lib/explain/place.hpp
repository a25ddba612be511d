// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "attach/raw_target.hpp"
#include "attached.hpp"
#include "bpflink/attach/raw_target.hpp"
#include "bpflink/features.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/position.hpp"
#include "bpflink/program.hpp"
#include "explain/holder.hpp"
#include "failure.hpp"

// Why the bare calls failed, whatever the target.
namespace bpflink::explain {

// A hook of a target; the target as it was given.
struct place {
  raw_target target;
  attach_type where;
  hooks::target_kind kind;
};

// What was asked of the order there.
struct order {
  std::optional<position> where = {};
  std::optional<revision> expected = {};
};

// The place as the information of links tells it; target 0 where no link is found by it.
[[nodiscard]] link_place link_place_of(const place& there) noexcept;
// What has to be there for a link at a hook.
[[nodiscard]] feature link_feature_of(attach_type where) noexcept;
// What the kernel tells of a hook beside its programs.
[[nodiscard]] attached_request::also told_at(hooks::target_kind kind) noexcept;
// What is attached there. An error where the kernel does not tell.
[[nodiscard]] kernel::result<attached_programs> attached_at(const place& there) noexcept;
// "program 'drop' (id 17), held by the link with id 5," or "..., attached without a link,", as far as it can be told.
[[nodiscard]] text describe_holder(const place& there, program_id holding) noexcept;

// The descriptor is closed, or is of nothing that the hook takes; the interface or cgroup is gone.
[[nodiscard]] std::optional<diagnosis> unfit_target(const place& there) noexcept;
// The interface is no netkit device, or not the end by which a pair's programs are attached.
[[nodiscard]] std::optional<diagnosis> no_netkit(const place& there, kernel::failure failed) noexcept;
// A program of another type, or loaded for another attach type.
[[nodiscard]] std::optional<diagnosis> unfit_program_at(const place& there, program_ref program) noexcept;
// A hook that excludes this one has a program.
[[nodiscard]] std::optional<diagnosis> excluded(const place& there) noexcept;
// This program, or another one where there is room for one only.
[[nodiscard]] std::optional<diagnosis> taken(const place& there, program_ref program) noexcept;
// The same, where not even this program could be attached once more, because a link has the place.
[[nodiscard]] std::optional<diagnosis> held_by_link(const place& there, program_ref program) noexcept;
// A program that should be attached there without a link, and is not. Nothing where the kernel does not tell.
[[nodiscard]] std::optional<diagnosis> not_attached(const place& there, program_ref program) noexcept;

// All of these, in the order in which the one hides the other. `flags` are those of attaching to a cgroup.
[[nodiscard]] diagnosis refused_at(const place& there, program_ref program, kernel::failure failed,
                                   kernel::u32 flags = kernel::flag_allow_multi, const order& asked = {}) noexcept;

}  // namespace bpflink::explain
