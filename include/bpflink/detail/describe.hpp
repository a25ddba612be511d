// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/xdp.hpp"
#include "bpflink/attached.hpp"
#include "bpflink/error.hpp"
#include "bpflink/features.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/info.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"

// What the formatters of bpflink/format.hpp write. Needs fmt in who includes it.
namespace bpflink::detail {

// An ordinary line needs no heap.
using line = fmt::memory_buffer;

template <class... Arguments>
void append(line& to, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(to), format, std::forward<Arguments>(arguments)...);
}

// The word for a number of the kernel's; one that this library does not know is told with it.
template <class Enumeration>
void append_kernel_word(line& to, Enumeration value) {
  const auto word = to_string(value);
  append(to, "{}", word);
  if (word == "unknown") append(to, " ({})", static_cast<std::uint32_t>(value));
}

inline void append_cookie(line& to, const std::optional<cookie>& given) {
  if (given && given->value() != 0) append(to, ", cookie {}", given->value());
}

inline void append_defunct(line& to) { append(to, ", defunct: its target is gone or it was detached"); }

inline void describe_details(line&, std::monostate) {}

inline void describe_details(line& to, const raw_tracepoint_info& info) {
  append(to, " {}", info.name.view());
  append_cookie(to, info.cookie);
}

inline void describe_details(line& to, const tracing_info& info) {
  append(to, " ");
  append_kernel_word(to, info.hook);
  append(to, " at BTF type {} of object {}", info.target_type, info.target_object);
  append_cookie(to, info.cookie);
}

inline void describe_details(line& to, const cgroup_info& info) {
  append(to, " ");
  append_kernel_word(to, static_cast<cgroup_hook>(info.hook));
  if (info.cgroup_id == 0) return append_defunct(to);
  append(to, " in cgroup {}", info.cgroup_id);
}

inline void describe_details(line& to, const iterator_info& info) {
  append(to, " over {}", info.target.view());
  if (const auto* const map = std::get_if<iterator_map_info>(&info.parameters)) {
    append(to, " of map {}", map->map.value());
  } else if (const auto* const cgroup = std::get_if<iterator_cgroup_info>(&info.parameters)) {
    append(to, ", ");
    append_kernel_word(to, cgroup->order);
    append(to, " of cgroup {}", cgroup->cgroup_id);
  } else if (const auto* const task = std::get_if<iterator_task_info>(&info.parameters)) {
    if (task->tid != 0) append(to, " of thread {}", task->tid);
    if (task->pid != 0) append(to, " of process {}", task->pid);
  }
}

inline void describe_details(line& to, const netns_info& info) {
  append(to, " ");
  append_kernel_word(to, info.hook);
  if (info.netns_inode == 0) return append_defunct(to);
  append(to, " in network namespace {}", info.netns_inode);
}

inline void describe_details(line& to, const xdp_info& info) {
  if (!info.interface) return append_defunct(to);
  append(to, " on interface {}", info.interface->value());
}

// Where a hook of an interface is: tcx and netkit.
template <class Info>
void describe_at_interface(line& to, const Info& info) {
  append(to, " ");
  append_kernel_word(to, info.hook);
  if (!info.interface) return append_defunct(to);
  append(to, " on interface {}", info.interface->value());
}
inline void describe_details(line& to, const tcx_info& info) { describe_at_interface(to, info); }
inline void describe_details(line& to, const netkit_info& info) { describe_at_interface(to, info); }

inline void describe_details(line& to, const netfilter_info& info) {
  append(to, " ");
  append_kernel_word(to, info.family);
  append(to, " ");
  append_kernel_word(to, info.hook);
  append(to, " with priority {}", info.priority);
  if (info.defragment) append(to, ", fragments put together");
}

inline void describe_details(line& to, const sockmap_info& info) {
  append(to, " ");
  append_kernel_word(to, info.hook);
  if (!info.map) return append_defunct(to);
  append(to, " of map {}", info.map->value());
}

inline void describe_details(line& to, const struct_ops_info& info) {
  if (!info.map) return append_defunct(to);
  append(to, " of map {}", info.map->value());
}

inline void describe_details(line& to, const perf_event_info& info) {
  append(to, " ");
  append_kernel_word(to, info.kind);
  if (info.kind == perf_event_kind::event) {
    append(to, " of type {} with config {:#x}", info.event_type, info.event_config);
  } else if (!info.name.empty()) {
    append(to, " {}", info.name);
    if (info.offset != 0) append(to, "+{:#x}", info.offset);
  } else if (info.address != 0) {
    append(to, " {:#x}", info.address);
  }
  append_cookie(to, info.cookie);
  if (info.missed != 0) append(to, ", {} missed", info.missed);
}

inline void describe_details(line& to, const uprobe_multi_info& info) {
  if (!info.places) return;
  append(to, " at {} {} of ", info.places->size(), info.places->size() == 1 ? "place" : "places");
  append(to, "{}", info.path.empty() ? std::string_view{"a file"} : std::string_view{info.path});
  if (info.on_return) append(to, ", on return");
  if (info.pid != 0) append(to, ", in process {}", info.pid);
}

inline void describe_details(line&, const unknown_info&) {}

inline void describe(line& to, const link_info& info) {
  append(to, "link {}: ", info.id.value());
  append_kernel_word(to, info.type);
  std::visit([&to](const auto& details) { describe_details(to, details); }, info.details);
  if (info.program) append(to, ", program {}", info.program->value());
}

inline void describe(line& to, const program_info& info) {
  append(to, "program {}: ", info.id.value());
  append_kernel_word(to, info.type);
  if (!info.name.empty()) append(to, " '{}'", info.name.view());
  append(to, ", tag ");
  for (const auto byte : info.tag) append(to, "{:02x}", std::to_integer<unsigned>(byte));
  append(to, ", loaded by user {}", info.loaded_by_uid);
  if (info.run_count.value_or(0) == 0) return;
  append(to, ", {} {}", *info.run_count, *info.run_count == 1 ? "run" : "runs");
  if (info.run_time) append(to, " in {} ns", info.run_time->count());
}

inline void describe(line& to, const xdp_programs& there) {
  auto in_mode = [&to, first = true](const std::optional<xdp_attached>& attached, xdp_mode mode) mutable {
    if (!attached) return;
    append(to, "{}program {} in {} mode", first ? "" : "; ", attached->program.value(), to_string(mode));
    first = false;
    if (attached->link) return append(to, ", held by link {}", attached->link->value());
    if (attached->held_by)
      append(to, ", held by {}{}", *attached->held_by == mechanism::link ? "a " : "", to_string(*attached->held_by));
  };
  for (const auto mode : {xdp_mode::generic, xdp_mode::native, xdp_mode::offload}) in_mode(there.in(mode), mode);
  if (there.empty()) append(to, "no program");
}

inline void describe(line& to, const attached_program& row) {
  append(to, "program {}", row.program.value());
  if (row.link) append(to, " by link {}", row.link->value());
}

inline void describe(line& to, const attached_programs& found) {
  append(to, "{} {}", found.size(), found.size() == 1 ? "program" : "programs");
  if (const auto mode = found.mode()) append(to, " in mode {}", to_string(*mode));
  if (const auto revision = found.revision()) append(to, ", revision {}", revision->value());
  for (const auto& row : found) {
    append(to, "\n");
    describe(to, row);
  }
}

inline void describe(line& to, const bpf_error& error) { append(to, "{}", error.message()); }

inline void describe(line& to, const kernel_version& version) { append(to, "{}.{}", version.major, version.minor); }

inline void describe(line& to, const feature_report& report) {
  append(to, "{}: {}, in Linux since ", to_string(report.what), to_string(report.available));
  describe(to, report.since);
}

// A whole line, padded and cut as a string is.
template <class Described>
struct line_formatter : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(const Described& described, Context& context) const -> decltype(context.out()) {
    line text;
    describe(text, described);
    return fmt::formatter<fmt::string_view>::format({text.data(), text.size()}, context);
  }
};

template <class Enumeration>
struct word_formatter : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(Enumeration value, Context& context) const -> decltype(context.out()) {
    const auto word = to_string(value);
    return fmt::formatter<fmt::string_view>::format({word.data(), word.size()}, context);
  }
};

template <class Enumeration>
struct kernel_word_formatter : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(Enumeration value, Context& context) const -> decltype(context.out()) {
    line text;
    append_kernel_word(text, value);
    return fmt::formatter<fmt::string_view>::format({text.data(), text.size()}, context);
  }
};

}  // namespace bpflink::detail
