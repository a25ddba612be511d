// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpflink/attach/raw_position.hpp"
#include "bpflink/attach/raw_target.hpp"
#include "bpflink/attach_mode.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"

namespace bpflink {

/// What to attach without a link.
struct raw_attach_options {
  /// Required. A cgroup's directory, a sockmap or sockhash, a LIRC device, an interface (tcx, netkit), or for a flow
  /// dissector raw_target::this_netns().
  raw_target target;
  required<attach_type> hook;                 ///< Required. Where.
  program_ref program;                        ///< Required. Loaded for the hook.
  attach_mode mode = attach_mode::exclusive;  ///< For cgroups. Positions and preorder are in mode multi, said or not.
  /// Where among the programs of the hook: behind all of them where nothing is said. To a cgroup, a program without a
  /// link is placed relative to such programs only.
  std::optional<raw_position> position = {};
  /// Attach only where the hook's revision is still this one, as query() told it: cgroups (Linux 6.17), tcx (6.6),
  /// netkit (6.7).
  std::optional<revision> expected_revision = {};
  /// For cgroups: run before the programs of those below, not behind them. Since Linux 6.15 (BPF_F_PREORDER).
  bool preorder = false;
};

/// What to detach that was attached without a link.
struct raw_detach_options {
  raw_target target;           ///< Required. As it was attached to.
  required<attach_type> hook;  ///< Required. Where it is attached.
  program_ref program;         ///< Required. The program to take away: no other one goes.
  /// Detach only where the hook's revision is still this one, as query() told it: cgroups (Linux 6.17), tcx (6.6),
  /// netkit (6.7).
  std::optional<revision> expected_revision = {};
};

/// Attaches a program without a link: it stays until it is detached or its target goes, whoever ends meanwhile. Where a
/// hook holds one program only (modes exclusive and override of cgroups, maps, flow dissectors), the kernel attaches
/// over the one that is there; position::replacing() makes sure which one that is.
///
/// @errors bad_handle: a handle is empty or closed. invalid_argument: the target is not what the hook takes, or the
///         mode, the position and the revision contradict each other or the hook. wrong_type: the program's type, or
///         the attach type that it was loaded for, is not the hook's; the map is of a type without hooks.
///         already_exists: the program is attached there already. not_found: the program to replace, or what the
///         position is relative to, is not attached there, or by a link only (the text names it); no interface has this
///         index. busy: a link holds the place, or a flow dissector of another namespace forbids it. conflict: another
///         program than the one to replace is attached, or the revision is another. limit: 64 programs are attached.
///         defunct: the cgroup was removed. permission_denied: a program in this cgroup or above allows no other in
///         this mode, or a capability is missing. not_supported: this kernel lacks the hook, mode, position or
///         revision, or attaches there by a link only.
/// @since Linux 4.10
/// @kernel BPF_PROG_ATTACH (kernel/bpf/syscall.c)
[[nodiscard]] BPFLINK_API expected<void> attach_program(const raw_attach_options& options) noexcept;

/// Detaches exactly this program. In the modes exclusive and override of cgroups the kernel would detach whatever is
/// there: it is asked first, and where cgroups have revisions (Linux 6.17) told to detach only if nothing has changed
/// since. (Before Linux 5.8 it does not look at which program a map holds either, and cannot be asked.)
///
/// @errors bad_handle: a handle is empty or closed. invalid_argument: the target is not what the hook takes, or the
///         hook has no revisions. not_found: the program is not attached there (cause not_attached), another one is
///         (other_program, named), or it is attached by a link only (named). busy: a link holds the place. conflict:
///         somebody else attached or detached at the same time, or the revision is another. defunct: the cgroup was
///         removed. permission_denied: which program is attached to a cgroup cannot be asked without CAP_NET_ADMIN.
///         not_supported: this kernel's cgroups have no revisions.
/// @since Linux 4.10
/// @kernel BPF_PROG_DETACH (kernel/bpf/syscall.c)
[[nodiscard]] BPFLINK_API expected<void> detach_program(const raw_detach_options& options) noexcept;

}  // namespace bpflink
