// SPDX-License-Identifier: MIT
#include "explain/place.hpp"

#include <cerrno>

#include "attach/rules.hpp"
#include "explain/cgroup.hpp"
#include "explain/cgroup_refusal.hpp"
#include "explain/feature.hpp"
#include "explain/holder.hpp"
#include "explain/map.hpp"
#include "explain/netns.hpp"
#include "explain/order.hpp"
#include "explain/perf_event.hpp"
#include "explain/program.hpp"
#include "explain/sockmap.hpp"
#include "explain/xdp.hpp"
#include "kernel/files.hpp"
#include "kernel/netns.hpp"

namespace bpflink::explain {

namespace {

using hooks::target_kind;

// The namespace that was meant, where none was named.
struct meant_netns {
  explicit meant_netns(const raw_target& target) noexcept : file{target.descriptor()} {
    if (file) return;
    if (auto opened = kernel::open_own_netns()) own = *std::move(opened);
    file = own;
  }
  unique_fd own;
  fd_ref file;
};

}  // namespace

link_place link_place_of(const place& there) noexcept {
  const auto type = hooks::link_of(there.where);
  const auto descriptor = there.target.descriptor();
  switch (there.kind) {
    case target_kind::cgroup: {
      const auto status = kernel::status_of(descriptor.get());
      return {type, there.where, status ? status->inode : 0};
    }
    case target_kind::netns: {
      const meant_netns meant{there.target};
      const auto status = kernel::status_of(meant.file.get());
      return {type, there.where, status ? status->inode : 0};
    }
    case target_kind::map:
      return {type, there.where, id_of_map(descriptor).value_or(0)};
    default:
      return {type, there.where, 0};
  }
}

namespace {

std::optional<diagnosis> closed(const place& there) noexcept {
  const auto descriptor = there.target.descriptor();
  if (there.target.which() != raw_target::sort::descriptor || !kernel::is_closed(descriptor.get())) return std::nullopt;
  return diagnosis{
      errc::bad_handle, cause::closed_descriptor, text{"the target's descriptor {} is closed", descriptor.get()}, {}};
}

}  // namespace

feature link_feature_of(attach_type where) noexcept {
  switch (where) {
    case attach_type::tcx_ingress:
    case attach_type::tcx_egress:
      return feature::tcx_links;
    case attach_type::netkit_primary:
    case attach_type::netkit_peer:
      return feature::netkit_links;
    case attach_type::perf_event:
      return feature::perf_links;
    case attach_type::trace_iter:
      return feature::iterator;
    case attach_type::trace_uprobe_multi:
      return feature::uprobe_multi;
    default:
      return hooks::link_of(where) == link_type::sockmap ? feature::sockmap_links : feature::bpf_link;
  }
}

namespace {

std::optional<diagnosis> missing_at(const place& there, operation call) noexcept {
  if (call == operation::link_create) {
    const auto needed = link_feature_of(there.where);
    return probe(feature::bpf_link) == availability::no ? lacking(needed) : missing_feature(needed);
  }
  if (hooks::attaches_programs(there.where) == false) return links_only();
  return missing_feature(feature::prog_attach);
}

// What of the request does not fit, or is missing.
std::optional<diagnosis> unfit_request(const place& there, program_ref program, kernel::failure failed,
                                       const order& asked) noexcept {
  if (auto missing = missing_driver(there.where)) return missing;
  if (auto wrong = unfit_program_at(there, program)) return wrong;
  if (auto wrong = unfit_target(there)) return wrong;
  if (auto wrong = unfit_anchor(asked)) return wrong;
  if (failed.number == EBADF) return std::nullopt;  // what the kernel has not got it says by other errors
  if (auto missing = missing_hook(there.where)) return missing;
  if (auto missing = missing_at(there, failed.call)) return missing;
  if (there.kind == target_kind::perf_event && failed.number == EINVAL) return unfit_event_program(failed);
  return std::nullopt;
}

diagnosis refused_elsewhere(const place& there, program_ref program, kernel::failure failed,
                            const order& asked) noexcept {
  switch (failed.number) {
    case EBADF:
    case EINVAL:
    case EOPNOTSUPP:
      if (auto why = unfit_request(there, program, failed, asked)) return *why;
      break;
    case ENODEV:
      if (auto wrong = unfit_target(there)) return *wrong;
      break;
    case ENOENT:
    case ESTALE:
      if (auto wrong = refused_order(there, asked, failed)) return *wrong;
      break;
    case ENXIO:
    case EACCES:
      if (auto wrong = no_netkit(there, failed)) return *wrong;
      break;
    case EEXIST:
      if (there.kind == target_kind::perf_event) return taken_event(program);
      if (auto held = taken(there, program)) return *held;
      break;
    case EBUSY:
      if (auto held = held_by_link(there, program)) return *held;
      break;
    case E2BIG:
    case ERANGE:
      if (there.kind == target_kind::interface) {
        return {errc::limit, cause::too_many, text{"63 programs, the most there can be, are attached there"}, {}};
      }
      break;
    case EPERM:
      if (auto missing = missing_attach_capability(there.where)) return *missing;
      break;
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace

attached_request::also told_at(target_kind kind) noexcept {
  using also = attached_request::also;
  return kind == target_kind::interface ? also::links : kind == target_kind::cgroup ? also::mode : also::nothing;
}

kernel::result<attached_programs> attached_at(const place& there) noexcept {
  if (there.kind == target_kind::netns) {
    const meant_netns meant{there.target};
    return query_attached({.target = kernel::descriptor(meant.file.get()), .where = there.where});
  }
  return query_attached({.target = hooks::number_of(there.target), .where = there.where, .told = told_at(there.kind)});
}

text describe_holder(const place& there, program_id holding) noexcept {
  if (there.kind != target_kind::interface) return describe_holder(link_place_of(there), holding);
  auto words = describe_program(holding);
  const auto found = attached_at(there);
  if (!found) return words;
  for (const auto& row : *found) {
    if (row.program != holding) continue;
    if (!row.link) return words.add(", attached without a link,");
    return words.add(", held by the link with id {},", row.link->value());
  }
  return words;
}

std::optional<diagnosis> unfit_target(const place& there) noexcept {
  if (auto wrong = closed(there)) return wrong;
  switch (there.kind) {
    case target_kind::cgroup:
      return unfit_cgroup(there.target.descriptor());
    case target_kind::netns:
      return there.target.descriptor() ? unfit_netns(there.target.descriptor()) : std::nullopt;
    case target_kind::map:
      return unfit_sockmap(there.target.descriptor());
    case target_kind::perf_event:
      return no_perf_event(there.target.descriptor());
    case target_kind::interface:
      return no_interface(there.target.interface());
    default:
      return std::nullopt;
  }
}

std::optional<diagnosis> no_netkit(const place& there, kernel::failure failed) noexcept {
  if (hooks::link_of(there.where) != link_type::netkit) return std::nullopt;
  const auto interface = describe_interface(there.target.interface());
  switch (failed.number) {
    case ENXIO:
      return diagnosis{
          errc::invalid_argument, cause::not_a_netkit, text{"{} is no netkit device", interface.view()}, {}};
    case EACCES:
      return diagnosis{errc::invalid_argument, cause::not_a_netkit,
                       text{"{} is the peer of a netkit pair", interface.view()},
                       text{"both hooks are reached through the primary end"}};
    default:
      return std::nullopt;
  }
}

std::optional<diagnosis> unfit_program_at(const place& there, program_ref program) noexcept {
  const auto programs = hooks::programs_of(there.where);
  auto wrong = unfit_program(program, programs);
  // Without a list of types that fit, none is wrong.
  if (wrong && (wrong->why != cause::wrong_program_type || !programs.empty())) return wrong;
  // Maps take programs of the right type whatever they were loaded for.
  const bool by_descriptor =
      there.kind == target_kind::cgroup || there.kind == target_kind::netns || there.kind == target_kind::perf_event;
  if (!by_descriptor || programs.empty()) return std::nullopt;
  return unfit_attach_type(program, there.where, hooks::attach_types_of(programs.front()));
}

std::optional<diagnosis> excluded(const place& there) noexcept {
  return there.kind == target_kind::map ? taken_by_twin(there.target.descriptor(), there.where) : std::nullopt;
}

std::optional<diagnosis> taken(const place& there, program_ref program) noexcept {
  const auto found = attached_at(there);
  if (!found || found->empty()) return excluded(there);
  const auto id = id_of_program(program.fd().get());
  const bool twice = id && found->contains(*id);
  const auto who = twice ? *id : (*found)[0].program;
  return diagnosis{twice ? errc::already_exists : errc::busy,
                   twice ? cause::already_attached : cause::slot_taken,
                   text{"{} is attached there already", describe_holder(there, who).view()},
                   {}};
}

std::optional<diagnosis> held_by_link(const place& there, program_ref program) noexcept {
  auto held = taken(there, program);
  if (held) {
    held->code = errc::busy;
    held->why = cause::slot_taken;
  }
  return held;
}

std::optional<diagnosis> not_attached(const place& there, program_ref program) noexcept {
  const auto found = attached_at(there);
  const auto id = id_of_program(program.fd().get());
  if (!found || !id) return std::nullopt;
  diagnosis why{errc::not_found, cause::not_attached, {}, {}};
  if (found->contains(*id)) {
    why.reason.add("{} is attached there, but not without a link", describe_holder(there, *id).view());
    why.hint.add("close the link, or detach it");
  } else if (found->empty()) {
    why.reason.add("no program is attached there");
  } else {
    const auto other = describe_program((*found)[0].program);
    why.why = cause::other_program;
    why.reason.add("{} is attached there, not {}", other.view(), describe_program(program).view());
    if (found->size() > 1) why.reason.add(", and {} more", found->size() - 1);
  }
  return why;
}

diagnosis refused_at(const place& there, program_ref program, kernel::failure failed, kernel::u32 flags,
                     const order& asked) noexcept {
  switch (there.kind) {
    case target_kind::cgroup:
      return refused_by_cgroup({there.target.descriptor(), there.where, program, flags, asked}, failed);
    case target_kind::netns: {
      const meant_netns meant{there.target};
      return refused_by_netns(meant.file, there.where, program, failed);
    }
    default:
      break;
  }
  if (there.where == attach_type::xdp && failed.call == operation::link_create) {
    return xdp({.interface = there.target.interface(), .flags = 0}, program, failed);
  }
  return refused_elsewhere(there, program, failed, asked);
}

}  // namespace bpflink::explain
