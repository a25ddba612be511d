// SPDX-License-Identifier: MIT
#include "bpflink/attach/cgroup.hpp"

#include <cerrno>

#include "attach/program_attach.hpp"
#include "attach/rules.hpp"
#include "attachment.hpp"
#include "explain/capability.hpp"
#include "explain/cgroup.hpp"
#include "explain/feature.hpp"
#include "explain/program.hpp"
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
  const auto where = attach_type_of(options.hook);
  switch (failed.number) {
    case EBADF:
    case EINVAL:
      if (auto wrong = explain::unfit_program(options.program, hooks::programs_of(where))) return *wrong;
      if (auto wrong = explain::unfit_cgroup(directory)) return *wrong;
      if (auto missing = explain::missing_feature(feature::prog_attach)) return *missing;
      if (auto missing =
              failed.call == operation::link_create ? explain::missing_feature(feature::bpf_link) : std::nullopt) {
        return *missing;
      }
      if (auto wrong = explain::unfit_attach_type(options.program, where,
                                                  hooks::attach_types_of(hooks::programs_of(where).front()))) {
        return *wrong;
      }
      if (auto twice = explain::attached_already(directory, where, options.program)) return *twice;
      break;
    case ENOENT:
      if (auto wrong = explain::unfit_cgroup(directory)) return *wrong;
      break;
    case EPERM:
      if (auto missing = explain::missing_capability({kernel::capability::net_admin})) return *missing;
      if (auto forbidden = explain::forbidding_cgroup(directory, where)) return *forbidden;
      break;
    case E2BIG:
      return {errc::limit, cause::too_many, text{"64 programs, the most there can be, are attached at this hook"}, {}};
    default:
      break;
  }
  return diagnose(failed);
}

expected<cgroup_link> attach_to(const cgroup_options& options, fd_ref directory) noexcept {
  const kernel::link_create_attr attr{
      .prog_fd = kernel::descriptor(options.program.fd().get()),
      .target = kernel::descriptor(directory.get()),
      .attach_type = static_cast<kernel::u32>(options.hook),
  };
  auto link = kernel::link_create(attr);
  if (link) return detail::link_access::make<link_type::cgroup>(*std::move(link));

  const auto failed = link.error();
  const auto refused = [&](kernel::failure last) {
    return make_error(attempted(options), last, why_refused(options, directory, last));
  };
  const bool fall_back = failed.number == EINVAL && options.mechanism == mechanism_choice::best &&
                         probe(feature::bpf_link) == availability::no;
  if (!fall_back) return tl::unexpected(refused(failed));

  auto held = hooks::attach_beside_others(directory, options.program, attach_type_of(options.hook));
  if (held) return detail::link_access::make<link_type::cgroup>(*std::move(held));
  if (held.error().call == operation::none) {
    return tl::unexpected(make_error(attempted(options), failed,
                                     {errc::busy,
                                      cause::slot_taken,
                                      text{"another program is attached there alone, and this kernel cannot attach a "
                                           "second"},
                                      {}}));
  }
  const auto first = refused(failed);
  return tl::unexpected(
      make_error(attempted(options), held.error(), why_refused(options, directory, held.error()), &first));
}

}  // namespace

std::string_view to_string(cgroup_hook hook) noexcept {
  constexpr std::string_view prefix = "cgroup_";
  const auto name = to_string(attach_type_of(hook));
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

expected<cgroup_link> attach(const cgroup_options& options) noexcept {
  if (!options.program.fd()) return tl::unexpected(refuse_empty(attempted(options), "program"));
  if (options.cgroup.directory()) return attach_to(options, options.cgroup.directory());
  if (options.cgroup.path().empty()) return tl::unexpected(refuse_empty(attempted(options), "cgroup"));

  const auto directory = kernel::open_directory(options.cgroup.path().c_str());
  if (!directory) {
    auto why = diagnose(directory.error());
    if (directory.error().number == ENOENT) why = {errc::not_found, cause::no_such_path, text{"no such cgroup"}, {}};
    if (directory.error().number == ENOTDIR) {
      why = {errc::invalid_argument, cause::not_a_cgroup, text{"it is no directory, and so no cgroup"}, {}};
    }
    return tl::unexpected(make_error(attempted(options), directory.error(), why));
  }
  return attach_to(options, *directory);
}

}  // namespace bpflink
