// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/link.hpp"
#include "bpflink/program.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

/// Which places of a file to attach to. The lists are borrowed for the length of the call, and those that are not empty
/// have one element for each offset, in the same order.
struct uprobe_multi_options {
  /// Required. The executable or shared library; the program runs in all processes that run this file's code, whatever
  /// path they know it by.
  zstring_view path;
  /// Required. The places, as offsets in the file, in bytes: not the addresses that symbol tables have. Up to
  /// 1,048,576; one that is there twice has the program run twice.
  std::span<const std::uint64_t> offsets;
  /// Required. A kprobe program that was loaded with the expected attach type trace_uprobe_multi.
  program_ref program;
  /// What the program reads at each place with bpf_get_attach_cookie().
  std::span<const bpflink::cookie> cookies = {};
  /// For each place the offset in the file, in bytes, of a 16-bit counter that the kernel keeps above zero while the
  /// program is attached (the semaphore of a USDT probe); 0 for none.
  std::span<const std::uint64_t> semaphore_offsets = {};
  /// Whether the program runs when the functions at these offsets return, and not when they are entered.
  bool on_return = false;
  /// The one process to run in, with all its threads. Before Linux 6.10 the kernel takes this for the one thread with
  /// this number, and the program runs in no other: probe(feature::uprobe_multi_process) tells.
  std::optional<process_id> process = {};
};

/// Owns a program's attachment to many user functions. It can neither be updated nor detached, only closed.
using uprobe_multi_link = typed_link<link_type::uprobe_multi>;

/// Attaches a program to places of an executable or shared library, all or none, by one link. Older kernels have
/// nothing that does this, so nothing takes its place there. One link with many places is closed as fast as one with a
/// single place; many links are not.
///
/// @errors bad_handle: the program's descriptor is empty or closed. wrong_type: it is no kprobe program, or it was
///         not loaded for trace_uprobe_multi. invalid_argument: no path or offsets, or lists of different lengths; the
///         path is no regular file (cause not_a_file); an offset behind the end of the file, or a semaphore at an odd
///         one (cause bad_offset). not_found: no such file or process. limit: too many offsets. permission_denied: a
///         directory of the path may not be searched. not_supported: Linux older than 6.6, or without uprobes; or an
///         instruction there that cannot be probed.
/// @since Linux 6.6
/// @kernel BPF_LINK_CREATE with BPF_TRACE_UPROBE_MULTI (kernel/trace/bpf_trace.c)
[[nodiscard]] BPFLINK_API expected<uprobe_multi_link> attach(const uprobe_multi_options& options) noexcept;

}  // namespace bpflink
