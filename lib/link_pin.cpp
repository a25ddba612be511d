// SPDX-License-Identifier: MIT
#include "attachment.hpp"
#include "bpflink/link.hpp"
#include "explain/link.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "pin.hpp"

namespace bpflink {

namespace {

[[gnu::cold, gnu::noinline]] expected<void> cannot(const detail::attachment& held, std::string_view verb) noexcept {
  return tl::unexpected(explain::cannot(held, verb));
}

[[gnu::cold, gnu::noinline]] expected<void> not_pinned(const link_handle& link, const detail::attachment& held,
                                                       zstring_view path, kernel::failure failed) noexcept {
  if (!link.can_pin()) return cannot(held, "pin");
  return tl::unexpected(pins::explain_pin(pins::link_of(held.type), path, failed));
}

[[gnu::cold, gnu::noinline]] expected<void> not_unpinned(link_type type, zstring_view path,
                                                         kernel::failure failed) noexcept {
  return tl::unexpected(pins::explain_unpin(pins::link_of(type), path, failed));
}

bool may_be_link(const detail::attachment& held) noexcept { return held && held.operations->may_be_link; }

}  // namespace

expected<void> link_handle::pin(zstring_view path) const noexcept {
  if (!may_be_link(attachment_)) return cannot(attachment_, "pin");
  const auto pinned = kernel::obj_pin(attachment_.holder.get(), path.c_str());
  if (!pinned) return not_pinned(*this, attachment_, path, pinned.error());
  return {};
}

expected<void> link_handle::move_pin(zstring_view from, zstring_view to) const noexcept {
  if (!may_be_link(attachment_)) return cannot(attachment_, "move pin of");
  return pins::move(attachment_.holder, pins::link_of(attachment_.type), from, to);
}

expected<void> link_handle::unpin(zstring_view path) const noexcept {
  if (!may_be_link(attachment_)) return cannot(attachment_, "unpin");
  const auto removed = kernel::unlink(path.c_str());
  if (!removed) return not_unpinned(attachment_.type, path, removed.error());
  return {};
}

}  // namespace bpflink
