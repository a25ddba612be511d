// SPDX-License-Identifier: MIT
#include "attach/netns_program.hpp"

#include <cerrno>

#include "attach/sole_program.hpp"
#include "attached.hpp"
#include "attachment.hpp"
#include "explain/link.hpp"
#include "explain/program.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "kernel/netns.hpp"

namespace bpflink::hooks {

namespace {

using detail::attachment;

// The kernel wants 0 for the calling thread's namespace, and no other number.
kernel::prog_attach_attr attr_here(int program, std::uint32_t where) noexcept {
  return {.target = 0, .attach_bpf_fd = kernel::descriptor(program), .attach_type = where};
}

// Can be asked from any namespace; not before 5.2.
kernel::result<std::optional<program_id>> attached_in(fd_ref netns, std::uint32_t where) noexcept {
  return sole_program(netns.get(), static_cast<attach_type>(where));
}

// In the attachment's namespace.
kernel::result<void> there(const attachment& held, kernel::result<void> (*call)(const kernel::prog_attach_attr&),
                           int program) noexcept {
  kernel::result<void> answer;
  const auto entered =
      kernel::in_netns(held.holder.get(), [&]() noexcept { answer = call(attr_here(program, held.place)); });
  return entered ? answer : entered;
}

// Before Linux 5.8 the kernel detaches whatever is there, so it is asked first.
kernel::result<void> let_go(attachment& held) noexcept {
  if (!held.companion) return {};
  const auto now = attached_in(held.holder, held.place);
  if (!now) return tl::unexpected(now.error());
  const auto ours = ask_id_of_program(held.companion.get());
  if (!ours) return tl::unexpected(ours.error());
  if (*now && **now != *ours) return tl::unexpected(kernel::failure{operation::prog_detach, ENOENT});
  return there(held, kernel::prog_detach, held.companion.get());
}

expected<void> update(attachment& held, program_ref next, const program_ref* expected_old) noexcept {
  if (!held.companion) return tl::unexpected(refuse(explain::on_link(held, "update"), explain::detached()));
  if (auto wrong = not_the_sole_one(held, next, expected_old)) return tl::unexpected(*std::move(wrong));
  // The kernel refuses the same program again; links take it.
  const auto next_id = id_of_program(next.fd().get());
  if (next_id && next_id == id_of_program(held.companion.get())) return {};
  auto owned = kernel::duplicate(next.fd().get());
  if (!owned) return tl::unexpected(explain::update(held, next, expected_old, owned.error()));
  const auto swapped = there(held, kernel::prog_attach, owned->get());
  if (!swapped && swapped.error().number == EEXIST) {
    return tl::unexpected(make_error(explain::on_link(held, "update"), swapped.error(),
                                     {errc::not_supported,
                                      cause::missing_feature,
                                      text{"this kernel cannot swap a flow dissector; Linux can since 5.5"},
                                      {}}));
  }
  if (!swapped) return tl::unexpected(explain::update(held, next, expected_old, swapped.error()));
  held.companion = *std::move(owned);
  return {};
}

expected<void> detach(attachment& held) noexcept {
  if (const auto gone = let_go(held); !gone) return tl::unexpected(explain::detach(held, gone.error()));
  held.companion.reset();
  return {};
}

constexpr detail::mechanism_operations operations{
    .name = [](const attachment&) noexcept { return mechanism::program_exclusive; },
    .held_by_descriptor = false,
    .may_be_link = false,
    .let_go = let_go,
    .update = update,
    .detach = detach,
};

}  // namespace

kernel::result<attachment> attach_in_own_netns(fd_ref netns, program_ref program, attach_type where) noexcept {
  const auto place = static_cast<std::uint32_t>(where);
  // The attach would throw out whoever is there.
  const auto there = attached_in(netns, place);
  if (!there) return tl::unexpected(there.error());
  if (there->value_or(program_id{0}) != program_id{0}) return tl::unexpected(kernel::failure{operation::none, EBUSY});
  // Descriptors first: after the attach nothing may fail any more.
  auto holder = kernel::duplicate(netns.get());
  if (!holder) return tl::unexpected(holder.error());
  auto companion = kernel::duplicate(program.fd().get());
  if (!companion) return tl::unexpected(companion.error());
  if (const auto attached = kernel::prog_attach(attr_here(companion->get(), place)); !attached) {
    return tl::unexpected(attached.error());
  }
  attachment held;
  held.operations = &operations;
  held.holder = *std::move(holder);
  held.companion = *std::move(companion);
  held.place = place;
  return held;
}

}  // namespace bpflink::hooks
