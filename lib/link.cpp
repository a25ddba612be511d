// SPDX-License-Identifier: MIT
#include "bpflink/link.hpp"

#include <cerrno>
#include <optional>

#include "attachment.hpp"
#include "explain/link.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "link_map.hpp"
#include "link_update.hpp"

namespace bpflink {

namespace detail {

namespace {

bpflink::mechanism name_of_link(const attachment&) noexcept { return bpflink::mechanism::link; }

[[gnu::cold, gnu::noinline]] expected<void> not_updated(const attachment& held, program_ref next,
                                                        const program_ref* expected_old,
                                                        kernel::failure failed) noexcept {
  return tl::unexpected(explain::update(held, next, expected_old, failed));
}

[[gnu::cold, gnu::noinline]] expected<void> not_detached(const attachment& held, kernel::failure failed) noexcept {
  return tl::unexpected(explain::detach(held, failed));
}

// Inline: out of the kernel each function on the way back costs its time (kernel/call.hpp).
inline expected<void> update_link(attachment& held, program_ref next, const program_ref* expected_old) noexcept {
  const auto updated = replace_object(held, next, expected_old);
  if (!updated) return not_updated(held, next, expected_old, updated.error());
  return {};
}

inline expected<void> detach_link(attachment& held) noexcept {
  const auto detached = kernel::link_detach({.link_fd = kernel::descriptor(held.holder.get())});
  if (!detached) return not_detached(held, detached.error());
  return {};
}

}  // namespace

const mechanism_operations link_operations{
    .name = name_of_link,
    .held_by_descriptor = true,
    .may_be_link = true,
    .let_go = nullptr,
    .update = update_link,
    .detach = detach_link,
    .update_map = update_map_of_link,
};

namespace {

// Needs no look into the table, as nearly all attachments do not.
bool is_link(const attachment& held) noexcept { return held.operations == &link_operations; }

kernel::result<void> let_go(attachment& held) noexcept {
  return held.operations->let_go != nullptr ? held.operations->let_go(held) : kernel::result<void>{};
}

// To the end, whatever fails; the first failure is kept.
std::optional<kernel::failure> close_descriptors(attachment& held) noexcept {
  std::optional<kernel::failure> first;
  const auto note = [&first](const kernel::result<void>& step) {
    if (!step && !first) first = step.error();
  };
  if (held.holder) note(kernel::close(std::move(held.holder)));
  if (held.companion) note(kernel::close(std::move(held.companion)));
  held.operations = nullptr;
  return first;
}

[[gnu::cold, gnu::noinline]] void tear_down_quietly(attachment& held) noexcept {
  const int kept = errno;
  static_cast<void>(held.operations->let_go(held));
  static_cast<void>(close_descriptors(held));
  errno = kept;
}

}  // namespace

void drop(attachment& held) noexcept {
  if (held.operations->let_go != nullptr) return tear_down_quietly(held);
  if (held.holder) kernel::close_unheard(held.holder.release());
  if (held.companion) kernel::close_unheard(held.companion.release());
  held.operations = nullptr;
}

}  // namespace detail

link_handle& link_handle::operator=(link_handle&& other) noexcept {
  if (this == &other) return *this;
  if (attachment_) detail::drop(attachment_);
  attachment_ = std::move(other.attachment_);
  return *this;
}

namespace {

[[gnu::cold, gnu::noinline]] expected<void> cannot_update(const detail::attachment& held, program_ref next) noexcept {
  return tl::unexpected(explain::cannot_update(held, next));
}

[[gnu::cold, gnu::noinline]] expected<void> cannot(const detail::attachment& held, std::string_view verb) noexcept {
  return tl::unexpected(explain::cannot(held, verb));
}

// The descriptors are closed all the same.
[[gnu::cold, gnu::noinline]] expected<void> not_let_go(detail::attachment& held, kernel::failure failed) noexcept {
  auto error = held.operations->not_let_go != nullptr ? held.operations->not_let_go(held, failed)
                                                      : explain::close(held.type, failed);
  static_cast<void>(detail::close_descriptors(held));
  return tl::unexpected(std::move(error));
}

}  // namespace

expected<void> link_handle::update(program_ref next) noexcept {
  if (!next.fd() || !can_update()) return cannot_update(attachment_, next);
  if (detail::is_link(attachment_)) return detail::update_link(attachment_, next, nullptr);
  return attachment_.operations->update(attachment_, next, nullptr);
}

expected<void> link_handle::update(program_ref next, program_ref expected_old) noexcept {
  if (!next.fd() || !expected_old.fd() || !can_update()) {
    return cannot_update(attachment_, next.fd() ? expected_old : next);
  }
  if (detail::is_link(attachment_)) return detail::update_link(attachment_, next, &expected_old);
  return attachment_.operations->update(attachment_, next, &expected_old);
}

expected<void> link_handle::detach() noexcept {
  if (!can_detach()) return cannot(attachment_, "detach");
  if (detail::is_link(attachment_)) return detail::detach_link(attachment_);
  return attachment_.operations->detach(attachment_);
}

expected<void> link_handle::close() noexcept {
  if (!attachment_) return tl::unexpected(explain::cannot(attachment_, "close"));
  if (const auto gone = detail::let_go(attachment_); !gone) return not_let_go(attachment_, gone.error());
  const auto type = attachment_.type;
  if (const auto failed = detail::close_descriptors(attachment_)) return tl::unexpected(explain::close(type, *failed));
  return {};
}

fd_ref link_handle::fd() const& noexcept {
  if (!attachment_ || !attachment_.operations->held_by_descriptor) return {};
  return attachment_.holder;
}

unique_fd link_handle::release() && noexcept {
  if (!attachment_) return {};
  const bool given_away = attachment_.operations->held_by_descriptor;
  attachment_.operations = nullptr;
  attachment_.companion.reset();
  unique_fd holder = std::move(attachment_.holder);
  if (!given_away) holder.reset();
  return holder;
}

bpflink::mechanism link_handle::mechanism() const noexcept {
  return attachment_ ? attachment_.operations->name(attachment_) : mechanism::none;
}

bool link_handle::can_update() const noexcept {
  if (!attachment_ || attachment_.operations->update == nullptr) return false;
  return attachment_.operations != &detail::link_operations || attachment_.type == link_type::unspecified ||
         capabilities_of(attachment_.type).update;
}

bool link_handle::can_update_map() const noexcept {
  if (!attachment_ || attachment_.operations->update_map == nullptr) return false;
  return attachment_.type == link_type::unspecified || capabilities_of(attachment_.type).update_map;
}

bool link_handle::can_detach() const noexcept {
  if (!attachment_ || attachment_.operations->detach == nullptr) return false;
  return attachment_.operations != &detail::link_operations || attachment_.type == link_type::unspecified ||
         capabilities_of(attachment_.type).detach;
}

bool link_handle::can_pin() const noexcept { return mechanism() == mechanism::link; }

}  // namespace bpflink
