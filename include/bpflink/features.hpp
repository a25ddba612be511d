// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bpflink/detail/export.hpp"

namespace bpflink {

/// Something a kernel has from a version on.
enum class feature : std::uint8_t {
  prog_attach,               ///< BPF_PROG_ATTACH to a cgroup.
  prog_attach_multi,         ///< ... beside others (BPF_F_ALLOW_MULTI).
  prog_attach_replace,       ///< ... in the place of one of them (BPF_F_REPLACE).
  prog_query,                ///< BPF_PROG_QUERY.
  object_info,               ///< BPF_OBJ_GET_INFO_BY_FD for programs.
  raw_tracepoint,            ///< BPF_RAW_TRACEPOINT_OPEN.
  raw_tracepoint_writable,   ///< Programs that may write a raw tracepoint's arguments.
  raw_tracepoint_cookie,     ///< A cookie for raw tracepoints.
  flow_dissector,            ///< Flow dissector programs.
  bpf_link,                  ///< BPF_LINK_CREATE: cgroup links.
  link_info,                 ///< Information on links, and links by id.
  link_detach,               ///< BPF_LINK_DETACH.
  netns_links,               ///< Links to network namespaces: flow dissector.
  sk_lookup,                 ///< Socket lookup programs, and their links.
  iterator,                  ///< BPF iterators.
  iterator_cgroup,           ///< ... over cgroups.
  iterator_task_parameters,  ///< ... over one thread or process.
  xdp_links,                 ///< XDP links.
  perf_links,                ///< Links of perf events, with cookies.
  uprobe_multi,              ///< Many user functions by one link.
  uprobe_multi_process,      ///< ... with a process filter that covers all threads.
  cgroup_order,              ///< Positions and revisions for cgroup hooks.
  cgroup_preorder,           ///< Programs of a cgroup that run before those of cgroups below it.
  tcx_links,                 ///< Links to an interface at tc (tcx).
  netkit_links,              ///< Links to netkit devices.
  netfilter_links,           ///< Links to netfilter hooks.
  netfilter_defragment,      ///< ... that have fragments put together before.
  sockmap_links,             ///< Links to sockmaps and sockhashes.
  struct_ops,                ///< Tables of functions that BPF implements (struct_ops).
  struct_ops_links,          ///< ... that a link registers.
};

/// What a probe says.
enum class availability : std::uint8_t {
  yes,        ///< This kernel has it.
  no,         ///< It has not.
  forbidden,  ///< This process may not ask: a capability is missing.
  unknown,    ///< It could not be found out.
};

/// A kernel's version.
struct kernel_version {
  std::uint16_t major = 0;  ///< 6 in 6.12.
  std::uint16_t minor = 0;  ///< 12 in 6.12.
  /// By version.
  [[nodiscard]] friend constexpr auto operator<=>(const kernel_version&, const kernel_version&) noexcept = default;
};

/// One row of the report.
struct feature_report {
  feature what{};            ///< The feature.
  availability available{};  ///< What its probe says.
  kernel_version since{};    ///< The first version of Linux that has it; see since().
};

/// Asks the running kernel. `yes` and `no` are remembered for the process; the others are asked again. Leaves nothing
/// behind and has no effect that anyone could see. Thread-safe.
[[nodiscard]] BPFLINK_API availability probe(feature what) noexcept;
/// The first version of kernel.org's Linux that has it. A distribution's kernel may have it earlier: for people to
/// read; what this kernel has, probe() says.
[[nodiscard]] BPFLINK_API kernel_version since(feature what) noexcept;
/// Every feature that the library knows, probed, in the order of the enumeration. Writes as many rows as fit and
/// returns the rows written; feature_count says how many there are.
[[nodiscard]] BPFLINK_API std::span<feature_report> report_features(std::span<feature_report> rows) noexcept;
/// How many features there are.
inline constexpr std::size_t feature_count = static_cast<std::size_t>(feature::struct_ops_links) + 1;

/// "bpf_link": the enumerator's name.
[[nodiscard]] BPFLINK_API std::string_view to_string(feature what) noexcept;
/// One line on what it is: "links (BPF_LINK_CREATE)".
[[nodiscard]] BPFLINK_API std::string_view description(feature what) noexcept;
/// "yes", "no", "forbidden" or "unknown".
[[nodiscard]] BPFLINK_API std::string_view to_string(availability answer) noexcept;

}  // namespace bpflink
