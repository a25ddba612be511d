// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/link.hpp"
#include "bpflink/mechanism.hpp"
#include "bpflink/program.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

/// What to attach to a tracepoint.
struct tracepoint_options {
  zstring_view category;  ///< Required. The category, as tracefs has it: "syscalls", "sched".
  zstring_view name;      ///< Required. The tracepoint's name there: "sys_enter_openat", "sched_switch".
  program_ref program;    ///< Required. A tracepoint program.
  /// What the program reads with bpf_get_attach_cookie(). Since Linux 5.15.
  std::optional<bpflink::cookie> cookie = {};
  /// Whether an ioctl may serve where this kernel has no links of perf events.
  mechanism_choice mechanism = mechanism_choice::best;
};

/// Owns a program's attachment to a tracepoint, or to another perf event. It can neither be updated nor detached, only
/// closed. Made by attach(), it owns two descriptors, the link and the perf event, and closes them in this order; from
/// a pin or an id it owns the link alone, which suffices.
using perf_event_link = typed_link<link_type::perf_event>;

/// Attaches a program to a tracepoint: it runs for all tasks on all CPUs, and reads the record that the tracepoint's
/// format file in tracefs describes.
///
/// Mechanisms, the best that this kernel has: a link (Linux 5.15); else an ioctl on the perf event, whose descriptor
/// then holds the attachment. Closing takes the kernel tens of milliseconds: it waits until the program runs nowhere.
/// The number that tracefs gives a tracepoint is read once in the life of the process, and again where the kernel does
/// not know it any more. A kernel gives the number of a tracepoint whose module was unloaded to another: who unloads
/// modules with tracepoints and attaches to them again and again had better use raw tracepoints.
///
/// @errors bad_handle: the program's descriptor is empty or closed. not_found: no such category or name (the hint has
///         near ones), or tracefs is not mounted (cause no_such_path). invalid_argument: a name that no tracepoint can
///         have, or a program that reads past the end of the tracepoint's record (cause bad_offset). wrong_type: the
///         program is of another type. already_exists: this very program is attached to this tracepoint. limit: 64
///         programs are. permission_denied: CAP_PERFMON is missing (before Linux 5.8 CAP_SYS_ADMIN), or tracefs may
///         not be read. not_supported: a cookie, or a link alone, where this kernel has no links of perf events.
/// @since Linux 4.7; a link since 5.15
/// @kernel perf_event_open(2), BPF_LINK_CREATE with BPF_PERF_EVENT, PERF_EVENT_IOC_SET_BPF (kernel/events/core.c)
[[nodiscard]] BPFLINK_API expected<perf_event_link> attach(const tracepoint_options& options) noexcept;

}  // namespace bpflink
