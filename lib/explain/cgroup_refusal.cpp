// SPDX-License-Identifier: MIT
#include "explain/cgroup_refusal.hpp"

#include <cerrno>

#include "attach/rules.hpp"
#include "attached.hpp"
#include "explain/cgroup.hpp"
#include "explain/cgroup_order.hpp"
#include "explain/feature.hpp"
#include "explain/order.hpp"
#include "explain/program.hpp"

namespace bpflink::explain {

namespace {

attach_mode mode_of(kernel::u32 flags) noexcept {
  if ((flags & kernel::flag_allow_multi) != 0) return attach_mode::multi;
  return (flags & kernel::flag_allow_override) != 0 ? attach_mode::override : attach_mode::exclusive;
}

// What EINVAL and EBADF can mean, in the order in which the one hides the other.
std::optional<diagnosis> found_unfit(const cgroup_request& asked, kernel::failure failed) noexcept {
  const auto programs = hooks::programs_of(asked.where);
  if (programs.empty() || hooks::link_of(asked.where) != link_type::cgroup) {
    return diagnosis{
        errc::invalid_argument, cause::bad_option, text{"{} is no hook of cgroups", to_string(asked.where)}, {}};
  }
  if (auto wrong = unfit_program(asked.program, programs)) return wrong;
  if (auto wrong = unfit_cgroup(asked.directory)) return wrong;
  if (auto missing = missing_feature(feature::prog_attach)) return missing;
  if (auto missing = missing_hook(asked.where)) return missing;
  if (auto wrong = unfit_attach_type(asked.program, asked.where, hooks::attach_types_of(programs.front()))) {
    return wrong;
  }
  if (auto missing = missing_order(asked, failed)) return missing;
  if (auto wrong = unfit_order(asked, failed)) return wrong;
  if (failed.call == operation::link_create) return missing_feature(feature::bpf_link);
  const bool replaces = (asked.flags & kernel::flag_replace) != 0;
  if (auto missing = replaces ? missing_feature(feature::prog_attach_replace) : std::nullopt) return missing;
  if (failed.call == operation::prog_attach) {
    if (auto twice = attached_already(asked.directory, asked.where, asked.program)) return twice;
  }
  return missing_attach_capability(asked.where);
}

// A cgroup's hook has one mode, as long as anything is attached there.
std::optional<diagnosis> in_another_mode(const cgroup_request& asked) noexcept {
  const auto found = query_cgroup(asked.directory, asked.where);
  if (!found || found->empty() || found->mode() == mode_of(asked.flags)) return std::nullopt;
  const auto theirs = to_string(found->mode().value_or(attach_mode::multi));
  return diagnosis{errc::permission_denied, cause::parent_forbids,
                   text{"{} is attached there in mode {}, and a hook takes no other mode beside it",
                        describe_program((*found)[0].program).view(), theirs},
                   text{"attach in mode {}", theirs}};
}

std::optional<diagnosis> not_permitted(const cgroup_request& asked, operation call) noexcept {
  if (refusal_without_target(asked.program, asked.where) == EPERM) return missing_attach_capability(asked.where);
  if (call == operation::prog_detach) return std::nullopt;
  if ((asked.flags & kernel::flag_allow_multi) == 0) {
    if (auto mixed = in_another_mode(asked)) return mixed;
  }
  return forbidding_cgroup(asked.directory, asked.where);
}

// What the kernel has to know for the request.
feature feature_of(const cgroup_request& asked, kernel::failure failed) noexcept {
  if (asked.order.where || asked.order.expected) return feature::cgroup_order;
  const bool by_link = failed.call == operation::link_create;
  if (asks_for_order(asked)) return by_link ? feature::cgroup_order : feature::cgroup_preorder;
  if (by_link) return feature::bpf_link;
  return (asked.flags & kernel::flag_allow_multi) != 0 ? feature::prog_attach_multi : feature::prog_attach;
}

}  // namespace

diagnosis refused_by_cgroup(const cgroup_request& asked, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
    case EINVAL: {
      if (auto wrong = found_unfit(asked, failed)) return *wrong;
      return by_feature(failed, feature_of(asked, failed));
    }
    case ENOENT:
      if (auto wrong = unfit_cgroup(asked.directory)) return *wrong;
      if (auto wrong = unfit_order(asked, failed)) return *wrong;
      break;
    case ESTALE:
      if (auto stale = refused_order(place_of(asked), asked.order, failed)) return *stale;
      break;
    case EPERM:
      if (auto forbidden = not_permitted(asked, failed.call)) return *forbidden;
      break;
    case E2BIG:
      if (failed.call == operation::prog_detach) break;
      if (auto missing = missing_order(asked, failed)) return *missing;
      return {errc::limit, cause::too_many, text{"64 programs, the most there can be, are attached at this hook"}, {}};
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace bpflink::explain
