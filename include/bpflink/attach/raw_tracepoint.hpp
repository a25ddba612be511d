// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/link.hpp"
#include "bpflink/program.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

/// What to attach to a raw tracepoint.
struct raw_tracepoint_options {
  /// Required. The tracepoint's bare name: "sched_switch". All system calls share "sys_enter" and "sys_exit".
  zstring_view name;
  /// Required. A raw_tracepoint program, or a raw_tracepoint_writable one (Linux 5.2) at tracepoints that let their
  /// arguments be written.
  program_ref program;
  /// What the program reads with bpf_get_attach_cookie(). Since Linux 6.10.
  std::optional<bpflink::cookie> cookie = {};
};

/// Owns a program's attachment to a raw tracepoint. It can neither be updated nor detached, only closed. Before Linux
/// 5.7 it is a descriptor that is no bpf_link: mechanism() and can_pin() ask the kernel which of the two it is.
using raw_tracepoint_link = typed_link<link_type::raw_tracepoint>;

/// Attaches a program to a raw tracepoint: it runs for all tasks, and reads the tracepoint's arguments unprocessed.
/// Since Linux 6.10 one program can be attached to one tracepoint many times.
///
/// @errors bad_handle: the program's descriptor is empty or closed. wrong_type: the program is of another type.
///         not_found: no tracepoint has this name; the hint has those with a near one. invalid_argument: the name is
///         empty, or the kernel refuses without a reason, as it does with a program that reads more arguments than the
///         tracepoint has, or writes what it may not. already_exists: before Linux 6.10, the program is attached to
///         this tracepoint already. permission_denied: before Linux 5.19 CAP_BPF, before 5.8 CAP_SYS_ADMIN.
///         not_supported: this kernel has no raw tracepoints, or no cookies for them.
/// @since Linux 4.17; a link since 5.7
/// @kernel BPF_RAW_TRACEPOINT_OPEN (kernel/bpf/syscall.c)
[[nodiscard]] BPFLINK_API expected<raw_tracepoint_link> attach(const raw_tracepoint_options& options) noexcept;

}  // namespace bpflink
