// SPDX-License-Identifier: MIT
#include "explain/cgroup.hpp"

#include <array>
#include <cerrno>
#include <climits>

#include "attached.hpp"
#include "bpflink/features.hpp"
#include "explain/capability.hpp"
#include "explain/program.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

namespace {

diagnosis forbidding(fd_ref cgroup, program_id program) noexcept {
  std::array<char, PATH_MAX> path;
  const auto name = kernel::name_of(cgroup.get(), path);
  return {errc::permission_denied, cause::parent_forbids,
          text{"{} is attached to {} in a mode that allows no other", describe_program(program).view(),
               name.value_or("a cgroup above")},
          text{"its owner has to attach it with BPF_F_ALLOW_MULTI, or as a link"}};
}

// Nothing else forbids a program that other targets take, and who it is may not be asked.
diagnosis forbidding_unseen() noexcept {
  return {errc::permission_denied, cause::parent_forbids,
          text{"a program that is attached there, or to a cgroup above, allows no other"},
          text{"with CAP_NET_ADMIN it can be told which"}};
}

bool same_file(const kernel::file_status& status, fd_ref other) noexcept {
  const auto other_status = kernel::status_of(other.get());
  return other_status && status.inode == other_status->inode;
}

}  // namespace

kernel::result<attached_programs> query_cgroup(fd_ref directory, attach_type where) noexcept {
  return query_attached(
      {.target = kernel::descriptor(directory.get()), .where = where, .told = attached_request::also::mode});
}

std::optional<diagnosis> unfit_cgroup(fd_ref directory) noexcept {
  if (kernel::is_closed(directory.get())) {
    return diagnosis{errc::bad_handle, cause::closed_descriptor, text{"the cgroup's descriptor is closed"}, {}};
  }
  const auto status = kernel::status_of(directory.get());
  if (!status) return std::nullopt;
  if (status->filesystem == kernel::filesystem_cgroup1) {
    return diagnosis{errc::invalid_argument, cause::not_a_cgroup, text{"it is a cgroup of version 1"},
                     text{"use its like below the cgroup2 mount (see /proc/mounts)"}};
  }
  if (status->filesystem != kernel::filesystem_cgroup2 || status->kind != kernel::file_kind::directory) {
    return diagnosis{errc::invalid_argument, cause::not_a_cgroup, text{"it is no cgroup v2 directory"}, {}};
  }
  if (kernel::lacks_entry(directory.get(), "cgroup.procs")) {
    return diagnosis{errc::defunct, cause::target_gone, text{"the cgroup was removed"}, {}};
  }
  return std::nullopt;
}

diagnosis unopened_cgroup(kernel::failure failed) noexcept {
  if (failed.number == ENOENT) return {errc::not_found, cause::no_such_path, text{"no such cgroup"}, {}};
  if (failed.number == ENOTDIR) {
    return {errc::invalid_argument, cause::not_a_cgroup, text{"it is no directory, and so no cgroup"}, {}};
  }
  if (failed.number == EACCES) {
    return {errc::permission_denied, cause::file_permission, text{"the mode of a directory forbids to open it"}, {}};
  }
  return diagnose(failed);
}

std::optional<diagnosis> attached_already(fd_ref directory, attach_type where, program_ref program) noexcept {
  const auto found = query_cgroup(directory, where);
  const auto id = id_of_program(program.fd().get());
  if (!found || !id || !found->contains(*id)) return std::nullopt;
  return diagnosis{errc::already_exists,
                   cause::already_attached,
                   text{"{} is attached at this hook already", describe_program(program).view()},
                   {}};
}

std::optional<diagnosis> forbidding_cgroup(fd_ref directory, attach_type where) noexcept {
  unique_fd above;
  for (fd_ref here = directory;; here = above) {
    const auto found = query_cgroup(here, where);
    if (!found && found.error().number == EPERM) return forbidding_unseen();
    if (!found) return std::nullopt;
    // Any mode but "multi" forbids another program here; "override" lets cgroups below have their own.
    const auto mode = found->mode();
    const bool forbids = above ? mode == attach_mode::exclusive : mode && *mode != attach_mode::multi;
    if (forbids) return forbidding(here, (*found)[0].program);
    auto parent = kernel::open_parent(here.get());
    if (!parent) return std::nullopt;
    const auto status = kernel::status_of(parent->get());
    if (!status || status->filesystem != kernel::filesystem_cgroup2 || same_file(*status, here)) return std::nullopt;
    above = *std::move(parent);
  }
}

diagnosis sole_program(fd_ref directory, attach_type where) noexcept {
  const auto found = query_cgroup(directory, where);
  const auto who = found && !found->empty() ? describe_program((*found)[0].program) : text{"another program"};
  return {errc::busy,
          cause::slot_taken,
          text{"{} is attached there, and this kernel takes one program at a hook", who.view()},
          {}};
}

std::optional<diagnosis> missing_attach_capability(attach_type where) noexcept {
  // Before 5.8 every attach takes it; since then these, as anybody may load their programs.
  const bool filters_packets = where == attach_type::cgroup_inet_ingress || where == attach_type::cgroup_inet_egress;
  if (filters_packets || probe(feature::iterator) == availability::no) {
    if (auto missing = missing_capability({kernel::capability::net_admin})) return missing;
  }
  return closed_bpf_call();
}

}  // namespace bpflink::explain
