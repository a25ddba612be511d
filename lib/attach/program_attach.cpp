// SPDX-License-Identifier: MIT
#include "attach/program_attach.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

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

// The kernel wants 0, not "none", for the calling thread's network namespace.
int target_of(const attachment& held) noexcept { return held.holder ? held.holder.get() : 0; }

std::optional<kernel::u32> id_of(int program) noexcept {
  kernel::prog_info_raw raw{};
  if (!kernel::obj_get_info(program, &raw, sizeof raw)) return std::nullopt;
  return raw.id;
}

kernel::result<void> let_go(attachment& held) noexcept {
  const auto where = static_cast<attach_type>(held.place);
  if (held.variant == kernel::flag_allow_multi) {
    return kernel::prog_detach(attr_of(target_of(held), held.companion.get(), where, 0));
  }
  return detach_exactly(target_of(held), held.companion.get(), where);
}

// In "multi" mode the kernel swaps two programs atomically since 5.6; before, the new one comes before the old one
// goes.
kernel::result<void> swap_beside_others(const attachment& held, int next) noexcept {
  const auto where = static_cast<attach_type>(held.place);
  auto attr = attr_of(held.holder.get(), next, where, kernel::flag_allow_multi | kernel::flag_replace);
  attr.replace_bpf_fd = kernel::descriptor(held.companion.get());
  const auto swapped = kernel::prog_attach(attr);
  if (swapped || swapped.error().number != EINVAL || probe(feature::prog_attach_replace) != availability::no) {
    return swapped;
  }
  const auto added = kernel::prog_attach(attr_of(held.holder.get(), next, where, kernel::flag_allow_multi));
  if (!added) return added;
  return kernel::prog_detach(attr_of(held.holder.get(), held.companion.get(), where, 0));
}

std::optional<bpf_error> not_the_expected(const attachment& held, program_ref expected_old) noexcept {
  const auto expected = id_of(expected_old.fd().get());
  const auto ours = id_of(held.companion.get());
  if (expected && ours && *expected == *ours) return std::nullopt;
  return refuse(explain::on_link(held, "update"), {errc::conflict,
                                                   cause::other_program,
                                                   text{"{} is attached, not the expected {}",
                                                        explain::describe_program(program_ref{held.companion}).view(),
                                                        explain::describe_program(expected_old).view()},
                                                   {}});
}

expected<void> update(attachment& held, program_ref next, const program_ref* expected_old) noexcept {
  if (expected_old != nullptr) {
    if (auto conflict = not_the_expected(held, *expected_old)) return tl::unexpected(*std::move(conflict));
  }
  auto owned = kernel::duplicate(next.fd().get());
  if (!owned) return tl::unexpected(make_error(explain::on_link(held, "update"), owned.error()));
  const auto swapped = held.variant == kernel::flag_allow_multi
                           ? swap_beside_others(held, owned->get())
                           : kernel::prog_attach(attr_of(target_of(held), owned->get(),
                                                         static_cast<attach_type>(held.place), held.variant));
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
  attachment held;
  // Descriptors first: after the attach nothing may fail any more.
  if (target) {
    auto owned = kernel::duplicate(target.get());
    if (!owned) return tl::unexpected(owned.error());
    held.holder = *std::move(owned);
  }
  auto owned = kernel::duplicate(program.fd().get());
  if (!owned) return tl::unexpected(owned.error());
  const auto attached = kernel::prog_attach(attr_of(target_of(held), owned->get(), where, flags));
  if (!attached) return tl::unexpected(attached.error());
  held.companion = *std::move(owned);
  held.operations = &how;
  held.place = static_cast<std::uint32_t>(where);
  held.variant = flags;
  return held;
}

// What is attached alone at a hook: its id, 0 for nothing; nothing where the kernel does not tell.
std::optional<kernel::u32> only_program(int target, attach_type where) noexcept {
  std::array<kernel::u32, 64> ids{};
  kernel::prog_query_attr attr{};
  attr.target = kernel::descriptor(target);
  attr.attach_type = static_cast<kernel::u32>(where);
  attr.prog_ids = kernel::pointer(ids.data());
  attr.count = static_cast<kernel::u32>(ids.size());
  if (!kernel::prog_query(attr)) return std::nullopt;
  return attr.count == 0 ? 0 : ids.front();
}

}  // namespace

kernel::result<attachment> attach_beside_others(fd_ref target, program_ref program, attach_type where) noexcept {
  auto held = holding(target, program, where, kernel::flag_allow_multi, operations<mechanism::program_multi>);
  if (held || held.error().number != EINVAL || probe(feature::prog_attach_multi) != availability::no) return held;
  // Alone, the attach would throw out whoever is there.
  if (only_program(target.get(), where).value_or(0) != 0) {
    return tl::unexpected(kernel::failure{operation::none, EBUSY});
  }
  return holding(target, program, where, kernel::flag_allow_override, operations<mechanism::program_override>);
}

kernel::result<attachment> attach_to_this_netns(program_ref program, attach_type where) noexcept {
  return holding({}, program, where, 0, operations<mechanism::program_exclusive>);
}

kernel::result<void> detach_exactly(int target, int program, attach_type where) noexcept {
  const auto there = only_program(target, where);
  const auto ours = id_of(program);
  if (there && ours && *there != *ours) return tl::unexpected(kernel::failure{operation::prog_detach, ENOENT});
  return kernel::prog_detach(attr_of(target, program, where, 0));
}

}  // namespace bpflink::hooks
