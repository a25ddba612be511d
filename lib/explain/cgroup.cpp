// SPDX-License-Identifier: MIT
#include "explain/cgroup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "explain/program.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

namespace {

struct attached_programs {
  std::array<kernel::u32, 64> ids{};
  kernel::u32 count = 0;
  kernel::u32 flags = 0;
};

std::optional<attached_programs> query(int directory, attach_type where) noexcept {
  attached_programs found;
  kernel::prog_query_attr attr{};
  attr.target = kernel::descriptor(directory);
  attr.attach_type = static_cast<kernel::u32>(where);
  attr.prog_ids = kernel::pointer(found.ids.data());
  attr.count = static_cast<kernel::u32>(found.ids.size());
  if (!kernel::prog_query(attr)) return std::nullopt;
  found.count = std::min(attr.count, static_cast<kernel::u32>(found.ids.size()));
  found.flags = attr.attach_flags;
  return found;
}

}  // namespace

std::optional<diagnosis> unfit_cgroup(fd_ref directory) noexcept {
  const auto status = kernel::status_of(directory.get());
  if (!status) {
    return diagnosis{errc::bad_handle, cause::closed_descriptor, text{"the cgroup's descriptor is closed"}, {}};
  }
  if (status->filesystem == kernel::filesystem_cgroup1) {
    return diagnosis{errc::invalid_argument, cause::not_a_cgroup, text{"it is a cgroup of version 1"},
                     text{"use its like below the cgroup2 mount (see /proc/mounts)"}};
  }
  if (status->filesystem != kernel::filesystem_cgroup2 || status->kind != kernel::file_kind::directory) {
    return diagnosis{errc::invalid_argument, cause::not_a_cgroup, text{"it is no cgroup v2 directory"}, {}};
  }
  // A removed directory answers nothing any more, wherever one looks in it.
  std::array<char, 48> path{};
  fmt::format_to_n(path.data(), path.size() - 1, "/proc/self/fd/{}/cgroup.procs", directory.get());
  if (!kernel::status_of(path.data())) {
    return diagnosis{errc::defunct, cause::target_gone, text{"the cgroup was removed"}, {}};
  }
  return std::nullopt;
}

std::optional<diagnosis> attached_already(fd_ref directory, attach_type where, program_ref program) noexcept {
  const auto found = query(directory.get(), where);
  const auto info = program.info();
  if (!found || !info) return std::nullopt;
  const auto* const end = found->ids.data() + found->count;
  if (std::find(found->ids.data(), end, info->id.value()) == end) return std::nullopt;
  return diagnosis{errc::already_exists,
                   cause::already_attached,
                   text{"{} is attached at this hook already", describe_program(program).view()},
                   {}};
}

std::optional<diagnosis> forbidding_cgroup(fd_ref directory, attach_type where) noexcept {
  auto here = kernel::duplicate(directory.get());
  for (int above = 0; here; ++above) {
    const auto found = query(here->get(), where);
    if (!found) return std::nullopt;
    // Any mode but "multi" forbids another program here; "override" lets cgroups below have their own.
    const bool forbids =
        found->count != 0 && (above == 0 ? (found->flags & kernel::flag_allow_multi) == 0 : found->flags == 0);
    if (forbids) {
      return diagnosis{errc::permission_denied, cause::parent_forbids,
                       text{"{} is attached {} in a mode that allows no other",
                            describe_program(program_id{found->ids.front()}).view(),
                            above == 0 ? text{"there"}.view() : text{"{} cgroup(s) above", above}.view()},
                       text{"its owner has to attach it with BPF_F_ALLOW_MULTI, or as a link"}};
    }
    std::array<char, 48> path{};
    fmt::format_to_n(path.data(), path.size() - 1, "/proc/self/fd/{}/..", here->get());
    auto parent = kernel::open_directory(path.data());
    const auto status = parent ? kernel::status_of(parent->get()) : std::nullopt;
    const auto own = kernel::status_of(here->get());
    if (!status || !own || status->filesystem != kernel::filesystem_cgroup2 || status->inode == own->inode) break;
    here = std::move(parent);
  }
  return std::nullopt;
}

}  // namespace bpflink::explain
