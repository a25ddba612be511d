// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_link.hpp"

#include <cerrno>

#include "attach/order.hpp"
#include "attach/raw_calls.hpp"
#include "attach/rules.hpp"
#include "attachment.hpp"
#include "explain/cgroup_order.hpp"
#include "explain/place.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"

namespace bpflink {

namespace {

using hooks::bad_option;

attempt attempted(const raw_link_options& options) noexcept {
  const auto target = hooks::describe(options.target);
  return {text{"link to {}", hooks::describe(options.hook).view()}, target.empty() ? "" : "of", target};
}

// Extension programs are loaded for no attach type, and their number is that of a cgroup's hook.
bool extends(const raw_link_options& options) noexcept {
  return options.target_btf_id.has_value() && options.hook == attach_type{};
}

hooks::target_kind target_of(const raw_link_options& options) noexcept {
  return options.target_btf_id ? hooks::target_kind::unknown : hooks::target_of(options.hook);
}

link_type type_of(const raw_link_options& options) noexcept {
  return extends(options) ? link_type::tracing : hooks::link_of(options.hook);
}

// The union behind the flags is tracing's.
bool traces(const raw_link_options& options) noexcept {
  const auto type = type_of(options);
  return type == link_type::tracing || type == link_type::raw_tracepoint;
}

bool asks_for_order(const raw_link_options& options) noexcept {
  return options.position || options.expected_revision || options.preorder;
}

std::optional<diagnosis> contradiction(const raw_link_options& options) noexcept {
  if (!options.program.fd()) return hooks::empty_handle("program");
  if (auto wrong = hooks::misread_by_descriptor(options.target, target_of(options))) return wrong;
  if (options.target_btf_id && !traces(options)) return bad_option("this hook has no BTF type for a target");
  if (options.cookie && !traces(options) && type_of(options) != link_type::perf_event) {
    return bad_option("this hook has no cookie");
  }
  if (options.preorder && type_of(options) != link_type::cgroup) return bad_option("only cgroups have preorder");
  if (!asks_for_order(options)) return std::nullopt;
  if (!is_ordered(type_of(options)) && type_of(options) != link_type::unspecified) {
    return bad_option("this hook has no positions and no revisions");
  }
  if (options.cookie || options.target_btf_id) return bad_option("a hook with an order has no cookie");
  if (hooks::says_nothing(options.position, options.expected_revision)) {
    return hooks::no_order(options.position);
  }
  return std::nullopt;
}

hooks::placement placement_of(const raw_link_options& options) noexcept {
  if (type_of(options) != link_type::cgroup) return hooks::placement_of(options.position);
  return hooks::placement_in_cgroup(options.position, options.expected_revision, options.preorder);
}

kernel::result<unique_fd> create(const raw_link_options& options) noexcept {
  kernel::link_create_attr base{
      .prog_fd = kernel::descriptor(options.program.fd().get()),
      .target = hooks::number_of(options.target),
      .attach_type = static_cast<kernel::u32>(options.hook),
  };
  if (asks_for_order(options)) {
    const auto place = placement_of(options);
    base.flags = place.flags;
    return kernel::link_create(kernel::link_create_ordered_attr{
        .base = base, .relative = place.relative, .expected_revision = hooks::number_of(options.expected_revision)});
  }
  const auto value = options.cookie ? options.cookie->value() : 0;
  if (!options.cookie && !options.target_btf_id) return kernel::link_create(base);
  if (!traces(options)) return kernel::link_create(kernel::link_create_perf_event_attr{base, value});
  return kernel::link_create(kernel::link_create_tracing_attr{
      .base = base, .target_btf_id = options.target_btf_id.value_or(0), .cookie = value});
}

explain::place place_of(const raw_link_options& options) noexcept {
  return {options.target, options.hook, target_of(options)};
}

bpf_error refused(const raw_link_options& options, kernel::failure failed, const bpf_error* first = nullptr) noexcept {
  const auto flags = kernel::flag_allow_multi | (options.preorder ? kernel::flag_preorder : 0);
  const auto why = explain::refused_at(place_of(options), options.program, failed, flags,
                                       {options.position, options.expected_revision});
  return make_error(attempted(options), failed, why, first);
}

expected<link_handle> made(const raw_link_options& options, unique_fd link) noexcept {
  auto held = detail::link_access::link_attachment(std::move(link), type_of(options));
  held.place = static_cast<std::uint32_t>(options.hook);
  return detail::link_access::make(std::move(held));
}

[[gnu::cold, gnu::noinline]] expected<link_handle> not_attached(const raw_link_options& options,
                                                                kernel::failure failed) noexcept {
  const explain::order asked{options.position, options.expected_revision};
  const auto named = failed.number == EINVAL ? explain::by_link_of_anchor(place_of(options), asked) : std::nullopt;
  if (!named) return tl::unexpected(refused(options, failed));
  auto again = options;
  again.position = named;
  auto link = create(again);
  if (link) return made(options, *std::move(link));
  const auto first = make_error(attempted(options), failed, explain::unnamed_link());
  return tl::unexpected(refused(again, link.error(), &first));
}

expected<link_handle> attach_to(const raw_link_options& options) noexcept {
  auto link = create(options);
  if (!link) return not_attached(options, link.error());
  return made(options, *std::move(link));
}

}  // namespace

expected<link_handle> attach(const raw_link_options& options) noexcept {
  const auto words = [&options] { return attempted(options); };
  if (const auto wrong = contradiction(options)) return tl::unexpected(refuse(words(), *wrong));
  if (options.target.which() != raw_target::sort::this_netns) {
    return hooks::in_netns_of(options.target, words, [&options] { return attach_to(options); });
  }
  return hooks::by_descriptor(options.target, words, [&options](const raw_target& netns) {
    auto here = options;
    here.target = netns;
    return attach_to(here);
  });
}

}  // namespace bpflink
