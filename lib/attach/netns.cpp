// SPDX-License-Identifier: MIT
#include "bpflink/attach/netns.hpp"

#include <fmt/core.h>

#include <array>
#include <cerrno>

#include "attach/netns_program.hpp"
#include "attachment.hpp"
#include "explain/capability.hpp"
#include "explain/feature.hpp"
#include "explain/netns.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "kernel/netns.hpp"

namespace bpflink {

namespace {

attempt attempted(const netns_options& options) noexcept {
  attempt what{text{"attach {}", to_string(options.hook)}, "to", {}};
  if (const auto& path = options.netns.path()) {
    what.target.add("{}", path->view());
  } else if (const auto& file = options.netns.file()) {
    if (*file) what.target.add("descriptor {}", file->get());
  } else if (const auto& process = options.netns.process()) {
    what.target.add("the network namespace of process {}", process->value());
  } else {
    what.target.add("this network namespace");
  }
  return what;
}

attach_type attach_type_of(netns_hook hook) noexcept { return static_cast<attach_type>(hook); }

expected<netns_link> made(detail::attachment&& held, netns_hook hook) noexcept {
  held.place = static_cast<std::uint32_t>(hook);
  return detail::link_access::make<link_type::netns>(std::move(held));
}

// What kernels before 5.8 have instead of links, in the calling thread's namespace.
expected<netns_link> attach_without_link(const netns_options& options, fd_ref netns,
                                         kernel::failure no_links) noexcept {
  const auto where = attach_type_of(options.hook);
  const auto what = attempted(options);
  if (auto wrong = explain::unfit_netns(netns)) return tl::unexpected(make_error(what, no_links, *wrong));
  auto why = explain::lacking(feature::netns_links);
  if (!kernel::is_own_netns(netns.get())) {
    why.hint.add("without them a flow dissector can be attached by a thread in the namespace only");
    return tl::unexpected(make_error(what, no_links, why));
  }
  auto held = hooks::attach_in_own_netns(netns, options.program, where);
  if (held) return made(*std::move(held), options.hook);

  const auto first = make_error(what, no_links, why);
  const auto failed = held.error();
  if (failed.call != operation::none) {
    return tl::unexpected(
        make_error(what, failed, explain::refused_by_netns(netns, where, options.program, failed), &first));
  }
  const auto taken = explain::taken_netns(netns, where, options.program);
  return tl::unexpected(make_error(what, no_links, taken.value_or(diagnose(failed)), &first));
}

[[gnu::cold, gnu::noinline]] expected<netns_link> not_attached(const netns_options& options, fd_ref netns,
                                                               kernel::failure failed) noexcept {
  if (failed.number == EINVAL && options.mechanism == mechanism_choice::best &&
      options.hook == netns_hook::flow_dissector && probe(feature::netns_links) == availability::no) {
    return attach_without_link(options, netns, failed);
  }
  return tl::unexpected(
      make_error(attempted(options), failed,
                 explain::refused_by_netns(netns, attach_type_of(options.hook), options.program, failed)));
}

expected<netns_link> attach_to(const netns_options& options, fd_ref netns) noexcept {
  const kernel::link_create_attr attr{
      .prog_fd = kernel::descriptor(options.program.fd().get()),
      .target = kernel::descriptor(netns.get()),
      .attach_type = static_cast<kernel::u32>(options.hook),
  };
  auto link = kernel::link_create(attr);
  if (!link) return not_attached(options, netns, link.error());
  return made(detail::link_access::link_attachment(*std::move(link), link_type::netns), options.hook);
}

diagnosis why_not_opened(const netns_options& options, kernel::failure failed) noexcept {
  const auto& process = options.netns.process();
  if (failed.number == ENOENT && options.netns.path()) {
    return {errc::not_found, cause::no_such_path, text{"no such path"}, {}};
  }
  if (failed.number == ENOENT && kernel::is_missing("/proc/self")) {
    return {errc::system, cause::no_such_path, text{"no /proc is mounted"}, {}};
  }
  if (!process) return diagnose(failed);
  std::array<char, 32> directory{};
  fmt::format_to_n(directory.data(), directory.size() - 1, "/proc/{}", process->value());
  if (failed.number == ENOENT || failed.number == ESRCH) {
    const bool there = !kernel::is_missing(directory.data());
    return {errc::not_found,
            cause::no_such_process,
            there ? text{"the process has ended"} : text{"there is no such process"},
            {}};
  }
  if (failed.number == EACCES || failed.number == EPERM) {
    if (auto missing = explain::missing_capability({kernel::capability::sys_ptrace}, kernel::capability::sys_ptrace)) {
      return *missing;
    }
  }
  return diagnose(failed);
}

[[gnu::cold, gnu::noinline]] expected<netns_link> not_opened(const netns_options& options,
                                                             kernel::failure failed) noexcept {
  return tl::unexpected(make_error(attempted(options), failed, why_not_opened(options, failed)));
}

[[gnu::cold, gnu::noinline]] expected<netns_link> empty(const netns_options& options, std::string_view which) noexcept {
  return tl::unexpected(refuse_empty(attempted(options), which));
}

[[gnu::cold, gnu::noinline]] expected<netns_link> no_such_hook(const netns_options& options) noexcept {
  return tl::unexpected(
      refuse(attempted(options),
             {errc::invalid_argument, cause::bad_option, text{"network namespaces have no such hook"}, {}}));
}

kernel::result<unique_fd> open(const netns_target& target) noexcept {
  if (const auto& path = target.path()) return kernel::open_netns(path->c_str());
  const auto& process = target.process();
  if (!process) return kernel::open_own_netns();
  std::array<char, 32> path{};
  fmt::format_to_n(path.data(), path.size() - 1, "/proc/{}/ns/net", process->value());
  return kernel::open_netns(path.data());
}

}  // namespace

std::string_view to_string(netns_hook hook) noexcept {
  switch (hook) {
    case netns_hook::flow_dissector:
      return "flow_dissector";
    case netns_hook::sk_lookup:
      return "sk_lookup";
  }
  return "unknown";
}

expected<netns_link> attach(const netns_options& options) noexcept {
  if (options.hook != netns_hook::flow_dissector && options.hook != netns_hook::sk_lookup) return no_such_hook(options);
  if (!options.program.fd()) return empty(options, "program");
  if (const auto& file = options.netns.file()) {
    return *file ? attach_to(options, *file) : empty(options, "network namespace");
  }
  if (options.netns.path() && options.netns.path()->empty()) return empty(options, "network namespace");
  const auto netns = open(options.netns);
  if (!netns) return not_opened(options, netns.error());
  return attach_to(options, *netns);
}

}  // namespace bpflink
