// SPDX-License-Identifier: MIT
#include "bpflink/attach/struct_ops.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "attach/struct_ops_map.hpp"
#include "attachment.hpp"
#include "explain/feature.hpp"
#include "explain/link.hpp"
#include "explain/struct_ops.hpp"
#include "explain/struct_ops_map.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/poll.hpp"

namespace bpflink {

namespace {

attempt attempted(const struct_ops_options& options) noexcept {
  return {text{"attach struct_ops"}, "from", explain::describe_map(options.map.fd())};
}

[[gnu::cold, gnu::noinline]] expected<struct_ops_link> not_attached(const struct_ops_options& options,
                                                                    kernel::failure failed) noexcept {
  return tl::unexpected(make_error(attempted(options), failed, explain::refused_struct_ops(options.map, failed)));
}

[[gnu::cold, gnu::noinline]] expected<struct_ops_link> not_filled(const struct_ops_options& options,
                                                                  kernel::failure failed) noexcept {
  return tl::unexpected(
      make_error(attempted(options), failed, explain::refused_struct_ops_value(options.map, options.value, failed)));
}

[[gnu::cold, gnu::noinline]] expected<struct_ops_link> refused(const struct_ops_options& options,
                                                               const diagnosis& why) noexcept {
  return tl::unexpected(refuse(attempted(options), why));
}

[[gnu::cold, gnu::noinline]] expected<struct_ops_link> no_map() noexcept {
  return tl::unexpected(refuse_empty({text{"attach struct_ops"}, {}, {}}, "map"));
}

// A map that registers itself, where only a link will do.
[[gnu::cold, gnu::noinline]] expected<struct_ops_link> not_by_link(const struct_ops_options& options) noexcept {
  const auto why = explain::missing_feature(feature::struct_ops_links);
  return refused(options, why ? *why : explain::unready_struct_ops_map(options.map.fd()).value_or(diagnosis{}));
}

expected<struct_ops_link> link(const struct_ops_options& options) noexcept {
  auto made = kernel::link_create(kernel::link_create_attr{
      .prog_fd = kernel::descriptor(options.map.fd().get()),
      .attach_type = static_cast<kernel::u32>(attach_type::struct_ops),
  });
  if (!made) return not_attached(options, made.error());
  return detail::link_access::make<link_type::struct_ops>(*std::move(made));
}

expected<struct_ops_link> attach_by_value(const struct_ops_options& options) noexcept {
  auto held = hooks::register_struct_ops(options.map, options.value);
  if (!held) return not_filled(options, held.error());
  return detail::link_access::make<link_type::struct_ops>(*std::move(held));
}

// The kernel reads as many bytes as the map's value has, so it is asked how many these are.
expected<struct_ops_link> attach_with_value(const struct_ops_options& options) noexcept {
  kernel::map_info_raw info{};
  const auto told = kernel::obj_get_info(options.map.fd().get(), &info, sizeof info);
  if (!told) return not_filled(options, told.error());
  if (auto wrong = explain::unfit_struct_ops_value(options.map, info, options.value.size())) {
    return refused(options, *wrong);
  }
  if ((info.map_flags & kernel::map_flag_link) == 0) {
    return options.mechanism == mechanism_choice::best ? attach_by_value(options) : not_by_link(options);
  }
  const auto filled = hooks::fill_struct_ops(options.map, options.value);
  if (!filled) return not_filled(options, filled.error());
  return link(options);
}

}  // namespace

expected<struct_ops_link> attach(const struct_ops_options& options) noexcept {
  if (!options.map.fd()) return no_map();
  return options.value.empty() ? link(options) : attach_with_value(options);
}

namespace detail {

namespace {

constexpr std::string_view verb = "poll";

[[gnu::cold, gnu::noinline]] expected<bool> not_polled(const attachment& held, kernel::failure failed) noexcept {
  return tl::unexpected(make_error(explain::on_link(held, verb), failed));
}

[[gnu::cold, gnu::noinline]] expected<bool> cannot_poll(const attachment& held) noexcept {
  return tl::unexpected(explain::cannot(held, verb));
}

// A file that cannot be polled is always ready to be read, a link that can be polled never is.
bool cannot_be_polled(short came) noexcept { return (came & POLLIN) != 0; }

int milliseconds_until(std::chrono::steady_clock::time_point end) noexcept {
  using std::chrono::milliseconds;
  const auto rest = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<milliseconds::rep>(rest, 0, std::numeric_limits<int>::max()));
}

}  // namespace

expected<bool> is_detached(const link_handle& link) noexcept {
  const auto& held = link_access::held_by(link);
  if (!link.fd()) return cannot_poll(held);
  const auto came = kernel::poll(link.fd().get(), POLLIN, 0);
  if (!came) return not_polled(held, came.error());
  if (!cannot_be_polled(*came)) return (*came & POLLHUP) != 0;
  const auto info = link.info();
  if (!info) return tl::unexpected(info.error());
  return info->defunct().value_or(false);
}

expected<bool> wait_detached(const link_handle& link, std::chrono::milliseconds at_most) noexcept {
  const auto& held = link_access::held_by(link);
  if (!link.fd()) return cannot_poll(held);
  // A time that the clock's end may come before is none.
  const bool for_ever = at_most < std::chrono::milliseconds{0} || at_most > std::chrono::hours{24 * 365};
  const auto end = std::chrono::steady_clock::now() + (for_ever ? std::chrono::milliseconds{0} : at_most);
  for (;;) {
    const auto came = kernel::poll(link.fd().get(), POLLIN, for_ever ? -1 : milliseconds_until(end));
    if (!came && came.error().number == EINTR) continue;
    if (!came) return not_polled(held, came.error());
    if (cannot_be_polled(*came)) {
      return tl::unexpected(refuse(explain::on_link(held, verb),
                                   {errc::not_supported,
                                    cause::missing_feature,
                                    text{"this kernel does not say when a link is detached; Linux does since 6.11"},
                                    {}}));
    }
    if (*came != 0 || for_ever || std::chrono::steady_clock::now() >= end) return (*came & POLLHUP) != 0;
  }
}

}  // namespace detail

}  // namespace bpflink
