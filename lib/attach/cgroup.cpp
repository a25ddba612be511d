// SPDX-License-Identifier: MIT
#include "bpflink/attach/cgroup.hpp"

#include <cerrno>

#include "attach/program_attach.hpp"
#include "attachment.hpp"
#include "explain/cgroup.hpp"
#include "explain/cgroup_refusal.hpp"
#include "explain/feature.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink {

namespace {

attempt attempted(const cgroup_options& options) noexcept {
  attempt what{text{"attach cgroup {}", to_string(options.hook)}, "to", {}};
  if (options.cgroup.directory()) {
    what.target.add("descriptor {}", options.cgroup.directory().get());
  } else {
    what.target.add("{}", options.cgroup.path().view());
  }
  return what;
}

attach_type attach_type_of(cgroup_hook hook) noexcept { return static_cast<attach_type>(hook); }

diagnosis why_refused(const cgroup_options& options, fd_ref directory, kernel::failure failed) noexcept {
  const explain::cgroup_request asked{
      .directory = directory, .where = attach_type_of(options.hook), .program = options.program};
  return explain::refused_by_cgroup(asked, failed);
}

// What older kernels have instead of links.
expected<cgroup_link> attach_without_link(const cgroup_options& options, fd_ref directory,
                                          kernel::failure no_links) noexcept {
  const auto where = attach_type_of(options.hook);
  auto held = hooks::attach_beside_others(directory, options.program, where);
  if (held) return detail::link_access::make<link_type::cgroup>(*std::move(held));

  const auto what = attempted(options);
  const auto first = make_error(what, no_links, explain::by_feature(no_links, feature::bpf_link));
  const auto failed = held.error();
  if (failed.call != operation::none) {
    return tl::unexpected(make_error(what, failed, why_refused(options, directory, failed), &first));
  }
  return tl::unexpected(make_error(what, no_links, explain::sole_program(directory, where), &first));
}

[[gnu::cold, gnu::noinline]] expected<cgroup_link> not_attached(const cgroup_options& options, fd_ref directory,
                                                                kernel::failure failed) noexcept {
  if (failed.number == EINVAL && options.mechanism == mechanism_choice::best &&
      probe(feature::bpf_link) == availability::no) {
    return attach_without_link(options, directory, failed);
  }
  return tl::unexpected(make_error(attempted(options), failed, why_refused(options, directory, failed)));
}

expected<cgroup_link> attach_to(const cgroup_options& options, fd_ref directory) noexcept {
  const kernel::link_create_attr attr{
      .prog_fd = kernel::descriptor(options.program.fd().get()),
      .target = kernel::descriptor(directory.get()),
      .attach_type = static_cast<kernel::u32>(options.hook),
  };
  auto link = kernel::link_create(attr);
  if (!link) return not_attached(options, directory, link.error());
  return detail::link_access::make<link_type::cgroup>(*std::move(link));
}

[[gnu::cold, gnu::noinline]] expected<cgroup_link> empty(const cgroup_options& options,
                                                         std::string_view which) noexcept {
  return tl::unexpected(refuse_empty(attempted(options), which));
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
  if (options.cgroup.directory()) return attach_to(options, options.cgroup.directory());
  if (options.cgroup.path().empty()) return empty(options, "cgroup");

  const auto directory = kernel::open_directory(options.cgroup.path().c_str());
  if (!directory) return not_opened(options, directory.error());
  return attach_to(options, *directory);
}

}  // namespace bpflink
