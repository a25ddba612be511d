// SPDX-License-Identifier: MIT
#include "attachment.hpp"
#include "bpflink/link.hpp"
#include "explain/link.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "pin.hpp"

namespace bpflink {

namespace {

text name_of(const detail::attachment& held) noexcept {
  return held.type == link_type::unspecified ? text{"link"} : text{"{} link", to_string(held.type)};
}

}  // namespace

expected<void> link_handle::pin(zstring_view path) const noexcept {
  if (!attachment_ || !attachment_.operations->may_be_link) {
    return tl::unexpected(explain::cannot(attachment_, "pin"));
  }
  const auto pinned = kernel::obj_pin(attachment_.holder.get(), path.c_str());
  if (pinned) return {};
  if (!can_pin()) return tl::unexpected(explain::cannot(attachment_, "pin"));
  return tl::unexpected(pins::explain_pin(name_of(attachment_).view(), path, pinned.error()));
}

expected<void> link_handle::move_pin(zstring_view from, zstring_view to) const noexcept {
  if (!attachment_ || !attachment_.operations->may_be_link) {
    return tl::unexpected(explain::cannot(attachment_, "move pin of"));
  }
  return pins::move(attachment_.holder, name_of(attachment_).view(), from, to);
}

expected<void> link_handle::unpin(zstring_view path) const noexcept {
  if (!attachment_ || !attachment_.operations->may_be_link) {
    return tl::unexpected(explain::cannot(attachment_, "unpin"));
  }
  return pins::remove(name_of(attachment_).view(), path);
}

}  // namespace bpflink
