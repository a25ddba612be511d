// SPDX-License-Identifier: MIT
#include "attach/program_attach.hpp"

#include <cerrno>
#include <optional>

#include "attach/raw_target.hpp"
#include "attach/sole_program.hpp"
#include "attached.hpp"
#include "attachment.hpp"
#include "bpflink/features.hpp"
#include "explain/link.hpp"
#include "explain/program.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::hooks {

namespace {

using detail::attachment;

kernel::prog_attach_attr attr_of(int target, int program, attach_type where, kernel::u32 flags) noexcept {
  return {.target = kernel::descriptor(target),
          .attach_bpf_fd = kernel::descriptor(program),
          .attach_type = static_cast<kernel::u32>(where),
          .attach_flags = flags};
}

// What kernels say that look at which program is to go.
constexpr kernel::failure not_there{operation::prog_detach, ENOENT};

// An error where another program is attached, or none, or where that cannot be told now. Kernels that cannot tell at
// all (before 4.15) are believed to have ours.
kernel::result<void> is_the_only_one(int target, int program, attach_type where) noexcept {
  const auto there = sole_program(target, where);
  if (!there) return tl::unexpected(there.error());
  if (!*there) return {};
  const auto ours = ask_id_of_program(program);
  if (!ours) return tl::unexpected(ours.error());
  if (**there != *ours) return tl::unexpected(not_there);
  return {};
}

bool same_program(int left, int right) noexcept {
  const auto id = id_of_program(left);
  return id && id == id_of_program(right);
}

bool target_is_gone(const attachment& held) noexcept {
  return held.type == link_type::cgroup && kernel::lacks_entry(held.holder.get(), "cgroup.procs");
}

bool beside_others(const attachment& held) noexcept { return (held.variant & kernel::flag_allow_multi) != 0; }

// Whether the kernel looks at which program it is told to detach: in mode "multi", and at maps. Those kernels that do
// not at maps (before 5.8) cannot be asked either.
bool kernel_looks(const attachment& held, attach_type where) noexcept {
  return beside_others(held) || target_of(where) == target_kind::map;
}

kernel::result<void> let_go(attachment& held) noexcept {
  const auto where = static_cast<attach_type>(held.place);
  const auto gone = kernel_looks(held, where)
                        ? kernel::prog_detach(attr_of(held.holder.get(), held.companion.get(), where, 0))
                        : detach_exactly(held.holder.get(), held.companion.get(), where);
  // With its target the attachment went as well.
  if (!gone && gone.error().number == ENOENT && target_is_gone(held)) return {};
  return gone;
}

// The new program comes before the old one goes; where the old one cannot go, the new one does.
kernel::result<void> swap_in_two_steps(const attachment& held, int next, attach_type where) noexcept {
  const auto added = kernel::prog_attach(attr_of(held.holder.get(), next, where, held.variant));
  if (!added) return added;
  const auto removed = kernel::prog_detach(attr_of(held.holder.get(), held.companion.get(), where, 0));
  if (!removed) static_cast<void>(kernel::prog_detach(attr_of(held.holder.get(), next, where, 0)));
  return removed;
}

// In "multi" mode the kernel swaps two programs atomically since 5.6.
kernel::result<void> swap_beside_others(const attachment& held, int next, attach_type where) noexcept {
  auto attr = attr_of(held.holder.get(), next, where, held.variant | kernel::flag_replace);
  attr.replace_bpf_fd = kernel::descriptor(held.companion.get());
  const auto swapped = kernel::prog_attach(attr);
  if (swapped || swapped.error().number != EINVAL) return swapped;
  if (same_program(held.companion.get(), next)) return {};
  if (probe(feature::prog_attach_replace) != availability::no) return swapped;
  return swap_in_two_steps(held, next, where);
}

std::optional<bpf_error> not_the_expected(const attachment& held, program_ref next,
                                          const program_ref* expected_old) noexcept {
  if (!beside_others(held)) return not_the_sole_one(held, next, expected_old);
  return expected_old != nullptr ? not_our_own(held, next, *expected_old) : std::nullopt;
}

expected<void> update(attachment& held, program_ref next, const program_ref* expected_old) noexcept {
  const auto where = static_cast<attach_type>(held.place);
  if (!held.companion) {
    return tl::unexpected(refuse(explain::on_link(held, "update"), explain::detached()));
  }
  if (auto wrong = not_the_expected(held, next, expected_old)) return tl::unexpected(*std::move(wrong));
  auto owned = kernel::duplicate(next.fd().get());
  if (!owned) return tl::unexpected(explain::update(held, next, expected_old, owned.error()));
  const auto swapped = beside_others(held)
                           ? swap_beside_others(held, owned->get(), where)
                           : kernel::prog_attach(attr_of(held.holder.get(), owned->get(), where, held.variant));
  if (!swapped) return tl::unexpected(explain::update(held, next, expected_old, swapped.error()));
  held.companion = *std::move(owned);
  return {};
}

expected<void> detach(attachment& held) noexcept {
  if (!held.companion) return {};
  if (const auto gone = let_go(held); !gone) return tl::unexpected(explain::detach(held, gone.error()));
  held.companion.reset();
  return {};
}

kernel::result<void> let_go_if_attached(attachment& held) noexcept {
  return held.companion ? let_go(held) : kernel::result<void>{};
}

template <bpflink::mechanism Name>
constexpr detail::mechanism_operations operations{
    .name = [](const attachment&) noexcept { return Name; },
    .held_by_descriptor = false,
    .may_be_link = false,
    .let_go = let_go_if_attached,
    .update = update,
    .detach = detach,
};

kernel::result<attachment> holding(fd_ref target, program_ref program, attach_type where, kernel::u32 flags,
                                   const detail::mechanism_operations& how) noexcept {
  // Descriptors first: after the attach nothing may fail any more.
  auto holder = kernel::duplicate(target.get());
  if (!holder) return tl::unexpected(holder.error());
  auto companion = kernel::duplicate(program.fd().get());
  if (!companion) return tl::unexpected(companion.error());
  const auto attached = kernel::prog_attach(attr_of(holder->get(), companion->get(), where, flags));
  if (!attached) return tl::unexpected(attached.error());
  attachment held;
  held.operations = &how;
  held.holder = *std::move(holder);
  held.companion = *std::move(companion);
  held.place = static_cast<std::uint32_t>(where);
  held.variant = flags;
  return held;
}

}  // namespace

kernel::result<attachment> attach_beside_others(fd_ref cgroup, program_ref program, attach_type where) noexcept {
  auto held = holding(cgroup, program, where, kernel::flag_allow_multi, operations<mechanism::program_multi>);
  if (held || held.error().number != EINVAL || probe(feature::prog_attach_multi) != availability::no) return held;
  // Alone, the attach would throw out whoever is there.
  const auto there = query_attached({.target = kernel::descriptor(cgroup.get()), .where = where});
  if (there && !there->empty()) return tl::unexpected(kernel::failure{operation::none, EBUSY});
  return holding(cgroup, program, where, kernel::flag_allow_override, operations<mechanism::program_override>);
}

kernel::result<attachment> attach_before_others_below(fd_ref cgroup, program_ref program, attach_type where) noexcept {
  constexpr auto flags = kernel::flag_allow_multi | kernel::flag_preorder;
  return holding(cgroup, program, where, flags, operations<mechanism::program_multi>);
}

kernel::result<attachment> attach_alone(fd_ref target, program_ref program, attach_type where) noexcept {
  return holding(target, program, where, 0, operations<mechanism::program_exclusive>);
}

kernel::result<void> detach_exactly(int target, int program, attach_type where) noexcept {
  if (const auto ours = is_the_only_one(target, program, where); !ours) return ours;
  return kernel::prog_detach(attr_of(target, program, where, 0));
}

}  // namespace bpflink::hooks
