// SPDX-License-Identifier: MIT
#include "attach/sole_program.hpp"

#include <cerrno>

#include "attached.hpp"
#include "explain/link.hpp"
#include "explain/program.hpp"
#include "failure.hpp"

namespace bpflink::hooks {

namespace {

using detail::attachment;

bpf_error conflict(const attachment& held, program_id now, program_id expected) noexcept {
  return refuse(explain::on_link(held, "update"),
                {errc::conflict,
                 cause::other_program,
                 text{"{} is attached there, not the expected {}", explain::describe_program(now).view(),
                      explain::describe_program(expected).view()},
                 {}});
}

bpf_error nobody_there(const attachment& held) noexcept {
  return refuse(explain::on_link(held, "update"), explain::detached_by_others());
}

}  // namespace

kernel::result<std::optional<program_id>> sole_program(int target, attach_type where) noexcept {
  const auto found = query_attached({.target = kernel::descriptor(target), .where = where});
  if (!found && found.error().number == EINVAL) return std::nullopt;
  if (!found) return tl::unexpected(found.error());
  return found->empty() ? program_id{0} : (*found)[0].program;
}

std::optional<bpf_error> not_the_sole_one(const attachment& held, program_ref next,
                                          const program_ref* expected_old) noexcept {
  const auto failed = [&](kernel::failure why) { return explain::update(held, next, expected_old, why); };
  const auto told = sole_program(held.holder.get(), static_cast<attach_type>(held.place));
  if (!told) return failed(told.error());
  const auto ours = ask_id_of_program(held.companion.get());
  if (!ours) return failed(ours.error());
  const auto expected = expected_old != nullptr ? ask_id_of_program(expected_old->fd().get()) : ours;
  if (!expected) return failed(expected.error());
  const auto now = told->value_or(*ours);
  if (now == *expected) return std::nullopt;
  return now == program_id{0} ? nobody_there(held) : conflict(held, now, *expected);
}

std::optional<bpf_error> not_our_own(const attachment& held, program_ref next, program_ref expected_old) noexcept {
  const auto failed = [&](kernel::failure why) { return explain::update(held, next, &expected_old, why); };
  const auto expected = ask_id_of_program(expected_old.fd().get());
  if (!expected) return failed(expected.error());
  const auto ours = ask_id_of_program(held.companion.get());
  if (!ours) return failed(ours.error());
  if (*expected == *ours) return std::nullopt;
  const auto there =
      query_attached({.target = kernel::descriptor(held.holder.get()), .where = static_cast<attach_type>(held.place)});
  return there && !there->contains(*ours) ? nobody_there(held) : conflict(held, *ours, *expected);
}

}  // namespace bpflink::hooks
