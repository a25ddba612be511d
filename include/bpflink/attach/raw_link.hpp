// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "bpflink/attach/raw_target.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/link.hpp"
#include "bpflink/position.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"

namespace bpflink {

/// What to link, for hooks that have no options of their own (yet).
struct raw_link_options {
  raw_target target;           ///< Required. What to attach to.
  required<attach_type> hook;  ///< Required. Where; a number newer than this library is passed on as it is.
  program_ref program;         ///< Required. Loaded for the hook.
  /// What the program reads with bpf_get_attach_cookie(). Perf events (Linux 5.15), tracing (5.18), tp_btf (6.10;
  /// before, the kernel passes over it without a word).
  std::optional<bpflink::cookie> cookie = {};
  /// The BTF type of the function to attach to, where it is not the one that the program was loaded for: freplace and
  /// fentry-like programs, with the descriptor of the program that has it for a target. Since Linux 5.10.
  std::optional<std::uint32_t> target_btf_id = {};
  /// Where among the programs of the hook: cgroups (Linux 6.17), tcx (6.6), netkit (6.7).
  std::optional<bpflink::position> position = {};
  /// Attach only where the hook's revision is still this one, as query() told it: the same hooks.
  std::optional<revision> expected_revision = {};
  /// For cgroups: run before the programs of those below, not behind them. Since Linux 6.17 (BPF_F_PREORDER).
  bool preorder = false;
};

/// Makes a link by the bare call, with no older mechanism behind it: the hooks' own options know more.
///
/// @errors bad_handle: the program's or target's descriptor is empty or closed. invalid_argument: the target is not of
///         the sort that the hook takes, is no cgroup, namespace, map or event where it should be one, or the hook has
///         no cookies. wrong_type: the program's type, or the attach type that it was loaded for, is not the hook's.
///         not_found: no interface has this index, or what the position is relative to is not attached there. defunct:
///         the target was removed. busy: another program or link holds the place; the text names it. already_exists:
///         the program is attached there already. limit: the kernel's number of programs there is used up. conflict:
///         the hook's revision is another. ambiguous: several links hold the program that the position is relative to.
///         permission_denied: a capability (named), or a cgroup's program that allows no other. not_supported: this
///         kernel has no links, or not there; also where it refuses without a reason that could be found.
/// @since Linux 5.7
/// @kernel BPF_LINK_CREATE (kernel/bpf/syscall.c)
[[nodiscard]] BPFLINK_API expected<link_handle> attach(const raw_link_options& options) noexcept;

}  // namespace bpflink
