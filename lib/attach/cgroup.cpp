// SPDX-License-Identifier: MIT
#include "bpflink/attach/cgroup.hpp"

#include <cerrno>

#include "attach/order.hpp"
#include "attach/program_attach.hpp"
#include "attachment.hpp"
#include "explain/cgroup.hpp"
#include "explain/cgroup_order.hpp"
#include "explain/cgroup_refusal.hpp"
#include "explain/feature.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "query.hpp"

namespace bpflink {

namespace {

text describe(const cgroup_target& target) noexcept {
  return target.directory() ? text{"descriptor {}", target.directory().get()} : text{"{}", target.path().view()};
}

attempt attempted(const cgroup_options& options) noexcept {
  return {text{"attach cgroup {}", to_string(options.hook)}, "to", describe(options.cgroup)};
}

attach_type attach_type_of(cgroup_hook hook) noexcept { return static_cast<attach_type>(hook); }

bool asks_for_order(const cgroup_options& options) noexcept {
  return options.position || options.expected_revision || options.preorder;
}

diagnosis why_refused(const cgroup_options& options, fd_ref directory, kernel::failure failed) noexcept {
  const explain::cgroup_request asked{
      .directory = directory,
      .where = attach_type_of(options.hook),
      .program = options.program,
      .flags = kernel::flag_allow_multi | (options.preorder ? kernel::flag_preorder : 0),
      .order = {options.position, options.expected_revision}};
  return explain::refused_by_cgroup(asked, failed);
}

// Inline, and the one for an order not, which has more to keep.
[[gnu::noinline]] kernel::result<unique_fd> create_in_order(const cgroup_options& options, fd_ref directory,
                                                            const std::optional<position>& where) noexcept {
  const auto place = hooks::placement_in_cgroup(where, options.expected_revision, options.preorder);
  return kernel::link_create(
      kernel::link_create_ordered_attr{.base = {.prog_fd = kernel::descriptor(options.program.fd().get()),
                                                .target = kernel::descriptor(directory.get()),
                                                .attach_type = static_cast<kernel::u32>(options.hook),
                                                .flags = place.flags},
                                       .relative = place.relative,
                                       .expected_revision = hooks::number_of(options.expected_revision)});
}

inline kernel::result<unique_fd> create(const cgroup_options& options, fd_ref directory,
                                        const std::optional<position>& where) noexcept {
  if (asks_for_order(options)) return create_in_order(options, directory, where);
  return kernel::link_create(kernel::link_create_attr{
      .prog_fd = kernel::descriptor(options.program.fd().get()),
      .target = kernel::descriptor(directory.get()),
      .attach_type = static_cast<kernel::u32>(options.hook),
  });
}

// What older kernels have instead of links, or of links with preorder.
expected<cgroup_link> attach_without_link(const cgroup_options& options, fd_ref directory,
                                          kernel::failure no_links) noexcept {
  const auto where = attach_type_of(options.hook);
  auto held = options.preorder ? hooks::attach_before_others_below(directory, options.program, where)
                               : hooks::attach_beside_others(directory, options.program, where);
  if (held) return detail::link_access::make<link_type::cgroup>(*std::move(held));

  const auto what = attempted(options);
  const auto missing = options.preorder ? feature::cgroup_order : feature::bpf_link;
  const auto first = make_error(what, no_links, explain::by_feature(no_links, missing));
  const auto failed = held.error();
  if (failed.call != operation::none) {
    return tl::unexpected(make_error(what, failed, why_refused(options, directory, failed), &first));
  }
  return tl::unexpected(make_error(what, no_links, explain::sole_program(directory, where), &first));
}

// Which older mechanism keeps what was asked for.
bool can_do_without_link(const cgroup_options& options) noexcept {
  if (options.mechanism != mechanism_choice::best || options.position || options.expected_revision) return false;
  if (!options.preorder) return probe(feature::bpf_link) == availability::no;
  return probe(feature::cgroup_order) == availability::no && probe(feature::cgroup_preorder) == availability::yes;
}

[[gnu::cold, gnu::noinline]] expected<cgroup_link> not_attached(const cgroup_options& options, fd_ref directory,
                                                                kernel::failure failed) noexcept {
  const auto what = attempted(options);
  if (failed.number == EINVAL && can_do_without_link(options)) return attach_without_link(options, directory, failed);
  const auto named =
      failed.number == EINVAL
          ? explain::by_link_of_anchor({directory, attach_type_of(options.hook), hooks::target_kind::cgroup},
                                       {options.position, options.expected_revision})
          : std::nullopt;
  if (!named) return tl::unexpected(make_error(what, failed, why_refused(options, directory, failed)));
  auto link = create_in_order(options, directory, named);
  if (link) return detail::link_access::make<link_type::cgroup>(*std::move(link));
  auto again = options;
  again.position = named;
  const auto first = make_error(what, failed, explain::unnamed_link());
  return tl::unexpected(make_error(what, link.error(), why_refused(again, directory, link.error()), &first));
}

inline expected<cgroup_link> attach_to(const cgroup_options& options, fd_ref directory) noexcept {
  auto link = create(options, directory, options.position);
  if (!link) return not_attached(options, directory, link.error());
  return detail::link_access::make<link_type::cgroup>(*std::move(link));
}

[[gnu::cold, gnu::noinline]] expected<cgroup_link> empty(const cgroup_options& options,
                                                         std::string_view which) noexcept {
  return tl::unexpected(refuse_empty(attempted(options), which));
}

[[gnu::cold, gnu::noinline]] expected<cgroup_link> no_order(const cgroup_options& options) noexcept {
  const auto why = hooks::no_order(options.position);
  return tl::unexpected(refuse(attempted(options), why));
}

[[gnu::cold, gnu::noinline]] expected<cgroup_link> not_opened(const cgroup_options& options,
                                                              kernel::failure failed) noexcept {
  return tl::unexpected(make_error(attempted(options), failed, explain::unopened_cgroup(failed)));
}

}  // namespace

std::string_view to_string(cgroup_hook hook) noexcept {
  constexpr std::string_view prefix = "cgroup_";
  const auto name = to_string(attach_type_of(hook));
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

expected<cgroup_link> attach(const cgroup_options& options) noexcept {
  if (!options.program.fd()) return empty(options, "program");
  if (hooks::says_nothing(options.position, options.expected_revision)) return no_order(options);
  if (options.cgroup.directory()) return attach_to(options, options.cgroup.directory());
  if (options.cgroup.path().empty()) return empty(options, "cgroup");

  const auto directory = kernel::open_directory(options.cgroup.path().c_str());
  if (!directory) return not_opened(options, directory.error());
  return attach_to(options, *directory);
}

namespace {

attempt attempted(const cgroup_query& asked) noexcept {
  return {text{"query cgroup {}", to_string(asked.hook)}, "of", describe(asked.cgroup)};
}

[[gnu::cold, gnu::noinline]] expected<unique_fd> open_asked(const cgroup_query& asked) noexcept {
  if (asked.cgroup.path().empty()) return tl::unexpected(refuse_empty(attempted(asked), "cgroup"));
  auto directory = kernel::open_directory(asked.cgroup.path().c_str());
  if (directory) return *std::move(directory);
  return tl::unexpected(make_error(attempted(asked), directory.error(), explain::unopened_cgroup(directory.error())));
}

}  // namespace

expected<attached_programs> query(const cgroup_query& asked) noexcept {
  auto directory = asked.cgroup.directory();
  unique_fd opened;
  if (!directory) {
    auto by_path = open_asked(asked);
    if (!by_path) return tl::unexpected(std::move(by_path).error());
    opened = *std::move(by_path);
    directory = opened;
  }
  const attached_request request{.target = kernel::descriptor(directory.get()),
                                 .where = attach_type_of(asked.hook),
                                 .told = attached_request::also::mode,
                                 .effective = asked.view == attached_view::effective};
  const auto place = [directory, where = request.where] {
    return explain::place{directory, where, hooks::target_kind::cgroup};
  };
  return hooks::query_hook(request, place, [&] { return attempted(asked); });
}

}  // namespace bpflink
