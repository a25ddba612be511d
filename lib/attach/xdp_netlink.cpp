// SPDX-License-Identifier: MIT
#include "attach/xdp_netlink.hpp"

#include <atomic>
#include <cerrno>
#include <optional>

#include "attach/netlink_update.hpp"
#include "attach/rules.hpp"
#include "attachment.hpp"
#include "explain/link.hpp"
#include "explain/program.hpp"
#include "explain/xdp.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "kernel/xdp.hpp"

namespace bpflink::hooks {

namespace {

using detail::attachment;
using kernel::netlink_failure;
using kernel::netlink_result;

// Every network namespace has it.
constexpr kernel::u32 loopback = 1;

// Where in the kernel a handle's program is: what `place` and `variant` say.
struct slot {
  int socket;
  kernel::u32 interface;
  kernel::u32 mode;
};

slot slot_of(const attachment& held) noexcept { return {held.holder.get(), held.place, held.variant}; }

// 0 for no program; nothing for what is none.
std::optional<kernel::u32> id_of(int program) noexcept {
  if (program == kernel::no_program) return 0;
  kernel::prog_info_raw raw{};
  if (!kernel::obj_get_info(program, &raw, offsetof(kernel::prog_info_raw, jited_prog_len))) return std::nullopt;
  return raw.id;
}

std::optional<kernel::u32> attached_at(const slot& where) noexcept {
  const auto state = kernel::query_xdp(where.socket, where.interface);
  return state ? std::optional{kernel::program_in(*state, where.mode)} : std::nullopt;
}

bool is_attached(const slot& where, int program) noexcept {
  const auto there = attached_at(where);
  const auto wanted = id_of(program);
  return there && wanted && *there == *wanted;
}

// Before Linux 5.7 the kernel cannot compare programs.
bool lacks_replace(const slot& where) noexcept {
  const auto checked = kernel::check_xdp_flags(where.socket, where.interface, kernel::xdp_replace);
  return !checked && checked.error().why.number == EINVAL;
}

netlink_result<void> compare_and_swap(const slot& where, int next, int expected) noexcept {
  static std::atomic<bool> known_to_lack_it{false};
  if (!known_to_lack_it.load(std::memory_order_relaxed)) {
    auto swapped = kernel::replace_xdp(where.socket, where.interface, next, expected, where.mode);
    if (swapped || swapped.error().why.number != EINVAL || !lacks_replace(where)) return swapped;
    known_to_lack_it.store(true, std::memory_order_relaxed);
  }
  const auto state = kernel::query_xdp(where.socket, where.interface);
  if (!state) return tl::unexpected(state.error());
  if (id_of(expected) != kernel::program_in(*state, where.mode)) {
    // What newer kernels answer.
    return tl::unexpected(netlink_failure{.why = {operation::netlink_set_xdp, EEXIST}, .words = {}});
  }
  return kernel::set_xdp(where.socket, where.interface, next, where.mode);
}

// Where the answer got lost, what is attached now is the answer.
netlink_result<void> swap(const slot& where, int next, int expected) noexcept {
  auto swapped = compare_and_swap(where, next, expected);
  if (!swapped && !swapped.error().answered && is_attached(where, next)) return {};
  return swapped;
}

kernel::result<void> let_go(attachment& held) noexcept {
  if (!held.companion) return {};
  const auto gone = swap(slot_of(held), kernel::no_program, held.companion.get());
  // With its interface the program is gone, too.
  if (gone || gone.error().why.number == ENODEV) return {};
  return tl::unexpected(gone.error().why);
}

diagnosis not_ours_any_more(const slot& where, int expected, bool asked_for) noexcept {
  const auto there = attached_at(where);
  if (there && *there == 0) {
    return {errc::defunct, cause::detached, text{"somebody else had detached the program"}, text{"attach anew"}};
  }
  diagnosis why{errc::conflict, cause::other_program, {}, {}};
  if (!there) {
    why.reason.add("another program than the expected one is attached");
  } else {
    why.reason.add("{} is attached, not the {} {}", explain::describe_program(program_id{*there}).view(),
                   asked_for ? "expected" : "handle's own",
                   explain::describe_program(program_ref{fd_ref{expected}}).view());
  }
  return why;
}

diagnosis why_not_updated(const slot& where, program_ref next, int expected, const program_ref* expected_old,
                          kernel::failure failed) noexcept {
  switch (failed.number) {
    case EEXIST:
    case EBUSY:
      return not_ours_any_more(where, expected, expected_old != nullptr);
    case ENODEV:
      return {errc::defunct, cause::target_gone, text{"the interface is gone"}, text{"attach anew"}};
    case EBADF:
    case EINVAL:
      if (expected_old != nullptr) {
        auto wrong =
            explain::unfit_program(*expected_old, hooks::programs_of(attach_type::xdp), "expected old program");
        if (wrong) return *wrong;
      }
      // The interface is of the socket's network namespace, not of the calling thread's: it is not looked for here.
      if (auto wrong = explain::unfit_program(next, hooks::programs_of(attach_type::xdp))) return *wrong;
      if (auto wrong = explain::unfit_xdp_program({loopback, where.mode}, next)) return *wrong;
      return diagnose(failed);
    default:
      break;
  }
  return explain::xdp({where.interface, where.mode}, next, failed);
}

expected<void> update(attachment& held, program_ref next, const program_ref* expected_old) noexcept {
  return update_by_netlink(
      held, next, expected_old, [&held](int owned, int expected) { return swap(slot_of(held), owned, expected); },
      [&](program_ref expected, kernel::failure failed) {
        return why_not_updated(slot_of(held), next, expected.fd().get(), expected_old, failed);
      });
}

expected<void> detach(attachment& held) noexcept {
  if (const auto gone = let_go(held); !gone) return tl::unexpected(explain::detach(held, gone.error()));
  held.companion.reset();
  return {};
}

constexpr detail::mechanism_operations operations{
    .name = [](const attachment&) noexcept { return mechanism::netlink; },
    .held_by_descriptor = false,
    .may_be_link = false,
    .let_go = let_go,
    .update = update,
    .detach = detach,
};

}  // namespace

netlink_result<attachment> attach_xdp_by_netlink(std::uint32_t interface, program_ref program,
                                                 std::uint32_t mode) noexcept {
  const auto refused = [](kernel::failure why) { return tl::unexpected(netlink_failure{.why = why, .words = {}}); };
  // Descriptors first: after the attach nothing may fail any more.
  auto owned = kernel::duplicate(program.fd().get());
  if (!owned) return refused(owned.error());
  auto socket = kernel::open_rtnetlink();
  if (!socket) return refused(socket.error());

  const slot where{socket->get(), interface, mode};
  const auto attached = kernel::set_xdp(where.socket, where.interface, owned->get(), where.mode | kernel::xdp_if_none);
  if (!attached) {
    const auto& failed = attached.error();
    if (failed.answered) return tl::unexpected(failed);
    if (!is_attached(where, owned->get())) {
      static_cast<void>(swap(where, kernel::no_program, owned->get()));
      return tl::unexpected(failed);
    }
  }
  attachment held;
  held.operations = &operations;
  held.holder = *std::move(socket);
  held.companion = *std::move(owned);
  held.place = interface;
  held.variant = mode;
  return held;
}

}  // namespace bpflink::hooks
