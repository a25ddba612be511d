// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_link.hpp"

#include "attach/raw_target.hpp"
#include "attach/rules.hpp"
#include "attachment.hpp"
#include "explain/place.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"

namespace bpflink {

namespace {

attempt attempted(const raw_link_options& options) noexcept {
  const auto target = hooks::describe(options.target);
  text action{"link to {}", to_string(options.hook)};
  // The word alone says nothing of a hook that this library does not know.
  if (to_string(options.hook) == "unknown") action.add(" ({})", static_cast<kernel::u32>(options.hook));
  return {action, target.empty() ? "" : "of", target};
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

diagnosis bad_option(std::string_view why) noexcept {
  return {errc::invalid_argument, cause::bad_option, text{"{}", why}, {}};
}

std::optional<diagnosis> contradiction(const raw_link_options& options) noexcept {
  if (!options.program.fd()) return hooks::empty_handle("program");
  if (auto wrong = hooks::misread(options.target, hooks::sort_of(target_of(options)))) return wrong;
  if (options.target_btf_id && !traces(options)) return bad_option("this hook has no BTF type for a target");
  if (options.cookie && !traces(options) && type_of(options) != link_type::perf_event) {
    return bad_option("this hook has no cookie");
  }
  return std::nullopt;
}

kernel::result<unique_fd> create(const raw_link_options& options) noexcept {
  const kernel::link_create_attr base{
      .prog_fd = kernel::descriptor(options.program.fd().get()),
      .target = hooks::number_of(options.target),
      .attach_type = static_cast<kernel::u32>(options.hook),
  };
  const auto value = options.cookie ? options.cookie->value() : 0;
  if (!options.cookie && !options.target_btf_id) return kernel::link_create(base);
  if (!traces(options)) return kernel::link_create(kernel::link_create_perf_event_attr{base, value});
  return kernel::link_create(kernel::link_create_tracing_attr{
      .base = base, .target_btf_id = options.target_btf_id.value_or(0), .cookie = value});
}

bpf_error refused(const raw_link_options& options, kernel::failure failed) noexcept {
  const explain::place there{options.target, options.hook, target_of(options)};
  return make_error(attempted(options), failed, explain::refused_at(there, options.program, failed));
}

}  // namespace

expected<link_handle> attach(const raw_link_options& options) noexcept {
  if (const auto wrong = contradiction(options)) return tl::unexpected(refuse(attempted(options), *wrong));
  auto link = create(options);
  if (!link) return tl::unexpected(refused(options, link.error()));
  auto held = detail::link_access::link_attachment(*std::move(link), type_of(options));
  held.place = static_cast<std::uint32_t>(options.hook);
  return detail::link_access::make(std::move(held));
}

}  // namespace bpflink
