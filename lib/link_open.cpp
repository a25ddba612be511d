// SPDX-License-Identifier: MIT
#include <cerrno>

#include "attachment.hpp"
#include "bpflink/link.hpp"
#include "explain/capability.hpp"
#include "explain/feature.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "link_kind.hpp"
#include "pin.hpp"

// Links that exist already: from a pin, an id or a descriptor.
namespace bpflink {

namespace detail {

namespace {

text name_wanted(link_type kind) noexcept {
  return kind == link_type::unspecified ? text{"link"} : text{"{} link", to_string(kind)};
}

expected<link_handle> of_kind(unique_fd link, link_type wanted, const attempt& what) noexcept {
  const auto found = kind_of_link(link);
  if (!found) return tl::unexpected(make_error(what, found.error()));
  if (wanted != link_type::unspecified && *found != wanted) {
    return tl::unexpected(refuse(what, {errc::wrong_type,
                                        cause::wrong_link_type,
                                        text{"it is a {} link, not a {} link", to_string(*found), to_string(wanted)},
                                        {}}));
  }
  return link_access::make(link_access::link_attachment(std::move(link), *found));
}

}  // namespace

expected<link_handle> open_pinned(zstring_view path, link_type kind) noexcept {
  const auto name = name_wanted(kind);
  auto link = pins::open(name.view(), path, kernel::object_kind::link);
  if (!link) return tl::unexpected(std::move(link).error());
  return of_kind(*std::move(link), kind, {text{"open {}", name.view()}, "at", text{"{}", path.view()}});
}

expected<link_handle> from_id(link_id id, link_type kind) noexcept {
  const attempt what{text{"open {}", name_wanted(kind).view()}, "with", text{"id {}", id.value()}};
  auto link = kernel::link_get_fd_by_id(id.value());
  if (link) return of_kind(*std::move(link), kind, what);
  auto why = diagnose(link.error());
  if (link.error().number == ENOENT) {
    why = {errc::not_found, cause::no_such_id, text{"no link has this id"}, {}};
  } else if (link.error().number == EPERM) {
    if (auto missing = explain::missing_capability({kernel::capability::sys_admin})) why = *missing;
  } else if (link.error().number == EINVAL) {
    if (auto missing = explain::missing_feature(feature::link_info)) why = *missing;
  }
  return tl::unexpected(make_error(what, link.error(), why));
}

expected<link_handle> adopt(unique_fd descriptor, link_type kind) noexcept {
  const attempt what{text{"adopt {}", name_wanted(kind).view()}, {}, {}};
  if (!descriptor) return tl::unexpected(refuse_empty(what, "descriptor"));
  if (const auto wrong = pins::not_of_kind(descriptor, kernel::object_kind::link)) {
    return tl::unexpected(refuse(what, *wrong));
  }
  auto safe = kernel::above_standard_streams(std::move(descriptor));
  if (!safe) return tl::unexpected(make_error(what, safe.error()));
  return of_kind(*std::move(safe), kind, what);
}

}  // namespace detail

expected<link_handle> link_handle::open_pinned(zstring_view path) noexcept {
  return detail::open_pinned(path, link_type::unspecified);
}
expected<link_handle> link_handle::from_id(link_id id) noexcept { return detail::from_id(id, link_type::unspecified); }
expected<link_handle> link_handle::adopt(unique_fd descriptor) noexcept {
  return detail::adopt(std::move(descriptor), link_type::unspecified);
}

}  // namespace bpflink
