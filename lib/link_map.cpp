// SPDX-License-Identifier: MIT
#include "link_map.hpp"

#include "attachment.hpp"
#include "bpflink/link.hpp"
#include "explain/link.hpp"
#include "explain/struct_ops_map.hpp"
#include "kernel/bpf.hpp"
#include "link_update.hpp"

namespace bpflink {

namespace detail {

namespace {

// Linux takes a map in the place of itself, and TCP then enters it into its list twice and takes it out once: the list
// ends there, or runs in circles with a lock held (tcp_update_congestion_control, 6.4 and later).
kernel::result<bool> has_map(fd_ref link, map_ref next) noexcept {
  struct {
    kernel::link_info_header header;
    kernel::link_info_struct_ops details;
    kernel::u32 padding;
  } now{};
  if (const auto told = kernel::obj_get_info(link.get(), &now, sizeof now); !told) return tl::unexpected(told.error());
  if (now.header.type != static_cast<kernel::u32>(link_type::struct_ops) || now.details.map_id == 0) return false;
  kernel::map_info_raw map{};
  if (const auto told = kernel::obj_get_info(next.fd().get(), &map, sizeof map); !told) {
    return tl::unexpected(told.error());
  }
  // A program's information begins alike.
  return map.id == now.details.map_id && explain::is_struct_ops_map(next.fd());
}

[[gnu::cold, gnu::noinline]] expected<void> not_updated(const attachment& held, map_ref next,
                                                        const map_ref* expected_old, kernel::failure failed) noexcept {
  return tl::unexpected(explain::update_map(held, next, expected_old, failed));
}

}  // namespace

expected<void> update_map_of_link(attachment& held, map_ref next, const map_ref* expected_old) noexcept {
  const auto same = has_map(held.holder, next);
  if (!same) return not_updated(held, next, expected_old, same.error());
  if (*same) {
    if (expected_old == nullptr) return {};
    const auto as_expected = has_map(held.holder, *expected_old);
    if (!as_expected) return not_updated(held, next, expected_old, as_expected.error());
    if (*as_expected) return {};
    return not_updated(held, next, expected_old, {operation::none, EPERM});
  }
  const auto updated = replace_object(held, next, expected_old);
  if (!updated) return not_updated(held, next, expected_old, updated.error());
  return {};
}

}  // namespace detail

namespace {

[[gnu::cold, gnu::noinline]] expected<void> cannot_update(const detail::attachment& held, map_ref next) noexcept {
  return tl::unexpected(explain::cannot_update(held, next));
}

}  // namespace

expected<void> link_handle::update(map_ref next) noexcept {
  if (!next.fd() || !can_update_map()) return cannot_update(attachment_, next);
  return attachment_.operations->update_map(attachment_, next, nullptr);
}

expected<void> link_handle::update(map_ref next, map_ref expected_old) noexcept {
  if (!next.fd() || !expected_old.fd() || !can_update_map()) {
    return cannot_update(attachment_, next.fd() ? expected_old : next);
  }
  return attachment_.operations->update_map(attachment_, next, &expected_old);
}

}  // namespace bpflink
