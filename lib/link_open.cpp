// SPDX-License-Identifier: MIT
#include <cerrno>
#include <optional>
#include <string_view>

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

// Where the link came from: made into text only where there is an error.
struct origin {
  std::string_view verb;
  link_type wanted;
  zstring_view path = {};
  std::optional<link_id> id = {};

  [[nodiscard]] attempt words() const noexcept {
    attempt what{text{"{} {}", verb, pins::link_of(wanted).words().view()}, {}, {}};
    if (id) {
      what.joint = "with";
      what.target.add("id {}", id->value());
    } else if (!path.empty()) {
      what.joint = "at";
      what.target.add("{}", path.view());
    }
    return what;
  }
};

[[gnu::cold, gnu::noinline]] expected<link_handle> failed(const origin& from, kernel::failure why) noexcept {
  return tl::unexpected(make_error(from.words(), why));
}

[[gnu::cold, gnu::noinline]] expected<link_handle> refused(const origin& from, const diagnosis& why) noexcept {
  return tl::unexpected(refuse(from.words(), why));
}

[[gnu::cold, gnu::noinline]] expected<link_handle> other_kind(const origin& from, link_type found) noexcept {
  return refused(from, {errc::wrong_type,
                        cause::wrong_link_type,
                        text{"its kind is {}, not {}", to_string(found), to_string(from.wanted)},
                        {}});
}

// `from()` is the origin. These two are inline, so that it is put together only where there is an error.
template <class From>
[[gnu::always_inline]] inline expected<link_handle> if_wanted(unique_fd link, link_type found, link_type wanted,
                                                              const From& from) noexcept {
  if (wanted != link_type::unspecified && found != wanted) return other_kind(from(), found);
  return link_access::make(link_access::link_attachment(std::move(link), found));
}

[[gnu::cold, gnu::noinline]] expected<link_handle> of_kind_told_otherwise(unique_fd link, const origin& from,
                                                                          kernel::failure no_info) noexcept {
  const auto found = kind_told_by_fdinfo(link, no_info);
  if (!found) return failed(from, found.error());
  return if_wanted(std::move(link), *found, from.wanted, [&from]() -> const origin& { return from; });
}

template <class From>
[[gnu::always_inline]] inline expected<link_handle> of_kind(unique_fd link, link_type wanted,
                                                            const From& from) noexcept {
  kernel::link_info_header header{};
  const auto told = kernel::obj_get_info(link.get(), header);
  if (!told) return of_kind_told_otherwise(std::move(link), from(), told.error());
  return if_wanted(std::move(link), static_cast<link_type>(header.type), wanted, from);
}

// Where the kernel did not say so shortly.
[[gnu::cold, gnu::noinline]] expected<link_handle> if_link(unique_fd opened, const origin& from) noexcept {
  if (const auto wrong = pins::not_of_kind(opened, kernel::object_kind::link)) return refused(from, *wrong);
  return of_kind(std::move(opened), from.wanted, [&from]() -> const origin& { return from; });
}

[[gnu::cold, gnu::noinline]] expected<link_handle> not_opened(const origin& from, kernel::failure failed) noexcept {
  return tl::unexpected(pins::explain_open(pins::link_of(from.wanted), from.path, failed));
}

[[gnu::cold, gnu::noinline]] expected<link_handle> no_such_id(const origin& from, kernel::failure failed) noexcept {
  auto why = diagnose(failed);
  if (failed.number == ENOENT) {
    why = {errc::not_found, cause::no_such_id, text{"no link has this id"}, {}};
  } else if (failed.number == EPERM) {
    if (auto missing = explain::missing_capability({kernel::capability::sys_admin})) why = *missing;
  } else if (failed.number == EINVAL) {
    if (auto missing = explain::missing_feature(feature::link_info)) why = *missing;
  }
  return tl::unexpected(make_error(from.words(), failed, why));
}

}  // namespace

expected<link_handle> open_pinned(zstring_view path, link_type kind) noexcept {
  const auto from = [=] { return origin{.verb = "open", .wanted = kind, .path = path}; };
  auto opened = kernel::obj_get(path.c_str());
  if (!opened) return not_opened(from(), opened.error());
  if (!kernel::is_link(*opened)) return if_link(*std::move(opened), from());
  return of_kind(*std::move(opened), kind, from);
}

expected<link_handle> from_id(link_id id, link_type kind) noexcept {
  const auto from = [=] { return origin{.verb = "open", .wanted = kind, .id = id}; };
  auto link = kernel::link_get_fd_by_id(id.value());
  if (!link) return no_such_id(from(), link.error());
  return of_kind(*std::move(link), kind, from);
}

expected<link_handle> adopt(unique_fd descriptor, link_type kind) noexcept {
  const origin from{.verb = "adopt", .wanted = kind};
  if (!descriptor) return tl::unexpected(refuse_empty(from.words(), "descriptor"));
  if (const auto wrong = pins::not_of_kind(descriptor, kernel::object_kind::link)) return refused(from, *wrong);
  auto safe = kernel::above_standard_streams(std::move(descriptor));
  if (!safe) return failed(from, safe.error());
  return of_kind(*std::move(safe), kind, [&from]() -> const origin& { return from; });
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
