// SPDX-License-Identifier: MIT
#include "attach/tcx_filter.hpp"

#include <fmt/core.h>

#include <atomic>
#include <cerrno>
#include <optional>

#include "attach/netlink_update.hpp"
#include "attached.hpp"
#include "attachment.hpp"
#include "explain/filter.hpp"
#include "explain/link.hpp"
#include "explain/program.hpp"
#include "failure.hpp"
#include "kernel/files.hpp"

namespace bpflink::hooks {

namespace {

using detail::attachment;
using kernel::clsact_hook;
using kernel::filter_place;
using kernel::netlink_failure;
using kernel::netlink_result;

tl::unexpected<netlink_failure> failed(operation call, int number) noexcept {
  return tl::unexpected(netlink_failure{.why = {call, number}, .words = {}});
}

// What a handle remembers: the interface in `place`, the filter's number in `variant`, and in `rank` the priority and:
constexpr std::uint32_t on_egress = 1U << 16U;
constexpr std::uint32_t made_qdisc = 1U << 17U;

void remember(attachment& held, const filter_place& where, bool made) noexcept {
  held.place = where.interface;
  held.variant = where.handle;
  held.rank = where.priority | (where.hook == clsact_hook::egress ? on_egress : 0) | (made ? made_qdisc : 0);
}

filter_place place_of(const attachment& held) noexcept {
  return {.interface = held.place,
          .hook = (held.rank & on_egress) != 0 ? clsact_hook::egress : clsact_hook::ingress,
          .priority = static_cast<std::uint16_t>(held.rank),
          .handle = held.variant};
}

// Tells this filter from others with the same program, should the answer to its making get lost; tools show it.
using filter_name = bounded_string<40>;
filter_name next_name() noexcept {
  static std::atomic<unsigned> made{0};
  std::array<char, 40> words{};
  const auto end = fmt::format_to_n(words.data(), words.size(), "bpflink:{}:{}", kernel::own_process(),
                                    made.fetch_add(1, std::memory_order_relaxed) + 1);
  return filter_name{{words.data(), end.size}};
}

bool is_gone(const netlink_failure& why) noexcept {
  return why.answered && (why.why.number == ENOENT || why.why.number == EINVAL);
}

// ENOENT where there is no filter any more, or the program in it is another.
netlink_result<void> check_program(int socket, const filter_place& where, int program) noexcept {
  const auto there = kernel::program_of_filter(socket, where);
  if (!there && !is_gone(there.error())) return tl::unexpected(there.error());
  const auto wanted = id_of_program(program);
  if (!there || !wanted || *there != wanted->value()) return failed(operation::netlink_get_filter, ENOENT);
  return {};
}

// Where the answer got lost, what is there now is the answer.
netlink_result<void> take_away(int socket, const filter_place& where, int program) noexcept {
  if (const auto ours = check_program(socket, where, program); !ours) return ours;
  auto deleted = kernel::delete_filter(socket, where);
  if (deleted) return deleted;
  if (is_gone(deleted.error())) return failed(operation::netlink_delete_filter, ENOENT);
  if (!deleted.error().answered) {
    const auto still = kernel::program_of_filter(socket, where);
    if (!still && is_gone(still.error())) return {};
  }
  return deleted;
}

netlink_result<bool> has_filters(int socket, std::uint32_t interface) noexcept {
  bool any = false;
  for (const auto hook : {clsact_hook::ingress, clsact_hook::egress}) {
    const auto listed = kernel::each_filter(socket, interface, hook, [&any](const auto&) { any = true; });
    if (!listed) return tl::unexpected(listed.error());
  }
  return any;
}

netlink_result<void> delete_unused_qdisc(int socket, std::uint32_t interface) noexcept {
  const auto used = has_filters(socket, interface);
  if (!used) return tl::unexpected(used.error());
  if (*used) return {};
  auto deleted = kernel::delete_clsact(socket, interface);
  // Somebody else was faster.
  if (!deleted && is_gone(deleted.error())) return {};
  return deleted;
}

// With its interface all of it is gone, too.
netlink_result<void> unless_gone(netlink_result<void> done) noexcept {
  if (!done && done.error().why.number == ENODEV) return {};
  return done;
}

kernel::result<void> let_go(attachment& held) noexcept {
  if (!held.companion) return {};
  const auto where = place_of(held);
  const int socket = held.holder.get();
  auto gone = unless_gone(take_away(socket, where, held.companion.get()));
  if (gone) held.companion.reset();
  const bool over = gone || gone.error().why.number == ENOENT;
  if (over && (held.rank & made_qdisc) != 0) {
    const auto cleared = unless_gone(delete_unused_qdisc(socket, where.interface));
    if (gone) gone = cleared;
  }
  if (!gone) return tl::unexpected(gone.error().why);
  return {};
}

expected<void> detach(attachment& held) noexcept {
  if (const auto gone = let_go(held); !gone) return tl::unexpected(explain::detach(held, gone.error()));
  return {};
}

netlink_result<void> swap(const attachment& held, int next, int expected) noexcept {
  const int socket = held.holder.get();
  const auto where = place_of(held);
  if (const auto ours = check_program(socket, where, expected); !ours) return ours;
  auto swapped = kernel::replace_filter(socket, where, next, next_name().view());
  if (!swapped && !swapped.error().answered && check_program(socket, where, next)) return {};
  return swapped;
}

expected<void> update(attachment& held, program_ref next, const program_ref* expected_old) noexcept {
  return update_by_netlink(
      held, next, expected_old, [&held](int owned, int expected) { return swap(held, owned, expected); },
      [&](program_ref expected, kernel::failure failed) {
        return explain::filter_update(held.holder.get(), place_of(held), next,
                                      {.program = expected, .asked_for = expected_old != nullptr}, failed);
      });
}

constexpr detail::mechanism_operations operations{
    .name = [](const attachment&) noexcept { return mechanism::netlink; },
    .held_by_descriptor = false,
    .may_be_link = false,
    .let_go = let_go,
    .update = update,
    .detach = detach,
};

// Whether it was made by this.
netlink_result<bool> ensure_qdisc(int socket, const filter_place& wanted) noexcept {
  const auto there = kernel::query_clsact(socket, wanted.interface);
  if (!there) return tl::unexpected(there.error());
  if (*there == kernel::clsact_state::clsact) return false;
  if (*there == kernel::clsact_state::other) {
    // An ingress qdisc has the one hook, and would take what is meant for the other one there.
    if (wanted.hook == clsact_hook::ingress) return false;
  }
  const auto made = kernel::make_clsact(socket, wanted.interface);
  if (made) return true;
  const auto& why = made.error();
  if (why.answered) return tl::unexpected(why);
  const auto now = kernel::query_clsact(socket, wanted.interface);
  if (now && *now == kernel::clsact_state::clsact) return true;
  return tl::unexpected(why);
}

netlink_result<filter_place> add(int socket, const filter_place& wanted, int program) noexcept {
  const auto name = next_name();
  auto added = kernel::add_filter(socket, wanted, program, name.view());
  if (added || added.error().answered) return added;
  std::optional<filter_place> found;
  const auto listed =
      kernel::each_filter(socket, wanted.interface, wanted.hook, [&](const kernel::filter_state& state) {
        if (state.name == name.view())
          found = filter_place{wanted.interface, wanted.hook, state.priority, state.handle};
      });
  if (listed && found) return *found;
  return added;
}

// Somebody may make the qdisc, or take it away as its last user, between two of our requests.
bool was_overtaken(int socket, const filter_place& wanted, const netlink_failure& why) noexcept {
  if (!why.answered) return false;
  const bool made_by_other = why.why.call == operation::netlink_new_qdisc && why.why.number == EEXIST;
  const bool taken_by_other = why.why.call == operation::netlink_new_filter && why.why.number == EINVAL;
  if (!made_by_other && !taken_by_other) return false;
  const auto now = kernel::query_clsact(socket, wanted.interface);
  return now && (*now == kernel::clsact_state::none || (made_by_other && *now == kernel::clsact_state::clsact));
}

netlink_result<attachment> attach_once(int socket, const filter_place& wanted, int program) noexcept {
  const auto made = ensure_qdisc(socket, wanted);
  if (!made) return tl::unexpected(made.error());
  const auto added = add(socket, wanted, program);
  if (!added) {
    if (*made) static_cast<void>(delete_unused_qdisc(socket, wanted.interface));
    return tl::unexpected(added.error());
  }
  attachment held;
  remember(held, *added, *made);
  return held;
}

}  // namespace

netlink_result<attachment> attach_filter(const filter_place& wanted, program_ref program) noexcept {
  const auto refused = [](kernel::failure why) { return tl::unexpected(netlink_failure{.why = why, .words = {}}); };
  // Descriptors first: after the attach nothing may fail any more.
  auto owned = kernel::duplicate(program.fd().get());
  if (!owned) return refused(owned.error());
  auto socket = kernel::open_rtnetlink();
  if (!socket) return refused(socket.error());

  constexpr int most_tries = 8;
  for (int tries = 1;; ++tries) {
    auto held = attach_once(socket->get(), wanted, owned->get());
    if (held) {
      held->operations = &operations;
      held->holder = *std::move(socket);
      held->companion = *std::move(owned);
      return held;
    }
    if (tries == most_tries || !was_overtaken(socket->get(), wanted, held.error())) return held;
  }
}

}  // namespace bpflink::hooks
