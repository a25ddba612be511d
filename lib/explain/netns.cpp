// SPDX-License-Identifier: MIT
#include "explain/netns.hpp"

#include <cerrno>

#include "attach/rules.hpp"
#include "attached.hpp"
#include "explain/cgroup.hpp"
#include "explain/feature.hpp"
#include "explain/holder.hpp"
#include "explain/program.hpp"
#include "kernel/files.hpp"
#include "kernel/netns.hpp"

namespace bpflink::explain {

namespace {

std::string_view name_of(kernel::namespace_kind kind) noexcept {
  switch (kind) {
    case kernel::namespace_kind::time:
      return "time";
    case kernel::namespace_kind::mount:
      return "mount";
    case kernel::namespace_kind::cgroup:
      return "cgroup";
    case kernel::namespace_kind::uts:
      return "UTS";
    case kernel::namespace_kind::ipc:
      return "IPC";
    case kernel::namespace_kind::user:
      return "user";
    case kernel::namespace_kind::process:
      return "PID";
    case kernel::namespace_kind::network:
      return "network";
  }
  return "other";
}

link_place place_in(fd_ref netns, attach_type where) noexcept {
  const auto status = kernel::status_of(netns.get());
  return {link_type::netns, where, status ? status->inode : 0};
}

// The program that is alone at a hook of the namespace; nothing where there is none or nobody may ask.
std::optional<program_id> only_program(fd_ref netns, attach_type where) noexcept {
  const auto found = query_attached({.target = kernel::descriptor(netns.get()), .where = where});
  if (!found || found->empty()) return std::nullopt;
  return (*found)[0].program;
}

// A flow dissector in the initial namespace is for all of them: it has none beside it, and comes to none.
std::optional<diagnosis> taken_elsewhere(fd_ref netns, attach_type where) noexcept {
  const auto here = query_attached({.target = kernel::descriptor(netns.get()), .where = where});
  if (where != attach_type::flow_dissector || !here || !here->empty()) return std::nullopt;
  diagnosis why{errc::busy,
                cause::slot_taken,
                text{"the initial network namespace cannot have a flow dissector while another one has, nor another "
                     "one while the initial one has"},
                {}};
  const auto search = find_link([](const kernel::link_info_raw& raw) {
    const auto place = place_of(raw);
    return place.type == link_type::netns && place.where == attach_type::flow_dissector && place.target != 0;
  });
  if (search.found) {
    why.hint.add("{} is attached in the network namespace with inode {} by the link with id {}",
                 describe_program(program_id{search.found->prog_id}).view(), search.found->netns.netns_ino,
                 search.found->id);
  }
  return why;
}

feature feature_of(attach_type where, bool by_link) noexcept {
  if (where == attach_type::sk_lookup) return feature::sk_lookup;
  return by_link ? feature::netns_links : feature::flow_dissector;
}

std::optional<diagnosis> missing_for(attach_type where, bool by_link) noexcept {
  if (!by_link && where == attach_type::sk_lookup) return links_only();
  const auto needed = feature_of(where, by_link);
  if (by_link && probe(feature::bpf_link) == availability::no) return lacking(needed);
  return missing_feature(needed);
}

diagnosis at_its_limit(fd_ref netns, attach_type where) noexcept {
  if (where != attach_type::flow_dissector) {
    return {errc::limit, cause::too_many, text{"64 programs, the most there can be, are attached at this hook"}, {}};
  }
  const auto there = only_program(netns, where);
  const auto who = there ? describe_holder(place_in(netns, where), *there) : text{"another program"};
  return {errc::limit,
          cause::slot_taken,
          text{"{} is attached there already, and a network namespace takes one flow dissector", who.view()},
          {}};
}

}  // namespace

std::optional<diagnosis> unfit_netns(fd_ref netns) noexcept {
  const auto status = kernel::status_of(netns.get());
  if (!status) {
    if (!kernel::is_closed(netns.get())) return std::nullopt;
    return diagnosis{errc::bad_handle, cause::closed_descriptor, text{"the namespace's descriptor is closed"}, {}};
  }
  if (kernel::only_names_file(netns.get())) {
    return diagnosis{errc::invalid_argument, cause::not_a_network_namespace,
                     text{"the descriptor only names its file (O_PATH)"}, text{"open it for reading"}};
  }
  if (status->filesystem != kernel::filesystem_nsfs) {
    return diagnosis{errc::invalid_argument, cause::not_a_network_namespace, text{"it is no namespace"}, {}};
  }
  const auto kind = kernel::kind_of_namespace(netns.get());
  if (!kind || *kind == kernel::namespace_kind::network) return std::nullopt;
  return diagnosis{errc::invalid_argument,
                   cause::not_a_network_namespace,
                   text{"it is a {} namespace, not a network namespace", name_of(*kind)},
                   {}};
}

std::optional<diagnosis> taken_netns(fd_ref netns, attach_type where, program_ref program) noexcept {
  const auto there = only_program(netns, where);
  if (!there) return std::nullopt;
  if (id_of_program(program.fd().get()) == *there) {
    return diagnosis{errc::already_exists,
                     cause::already_attached,
                     text{"{} is attached there already", describe_holder(place_in(netns, where), *there).view()},
                     {}};
  }
  return diagnosis{errc::busy,
                   cause::slot_taken,
                   text{"{} is attached there already", describe_holder(place_in(netns, where), *there).view()},
                   {}};
}

diagnosis refused_by_netns(fd_ref netns, attach_type where, program_ref program, kernel::failure failed) noexcept {
  const bool by_link = failed.call == operation::link_create;
  switch (failed.number) {
    case EBADF:
    case EINVAL:
      if (auto wrong = unfit_program(program, hooks::programs_of(where))) return *wrong;
      if (auto wrong = unfit_netns(netns)) return *wrong;
      if (auto missing = missing_for(where, by_link)) return *missing;
      if (auto twice = by_link ? std::nullopt : taken_netns(netns, where, program)) return *twice;
      return by_feature(failed, feature_of(where, by_link));
    case E2BIG:
      return at_its_limit(netns, where);
    case EEXIST:
      if (auto taken = taken_netns(netns, where, program)) return *taken;
      if (auto taken = taken_elsewhere(netns, where)) return *taken;
      return {errc::busy, cause::slot_taken, text{"another program is attached there already"}, {}};
    case EPERM:
      if (auto missing = missing_attach_capability(where)) return *missing;
      break;
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace bpflink::explain
