// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bpflink/bounded_string.hpp"
#include "kernel/result.hpp"

// The file system that lists tracepoints.
namespace bpflink::kernel {

// A tracepoint's name in tracefs: "sched", "sched_switch". Only names that is_plain() go into paths.
struct tracepoint_name {
  std::string_view category;
  std::string_view name;
};

// Whether it is one component of a path: not empty, no slash, no "." or "..", no NUL, and not too long.
[[nodiscard]] bool is_plain(std::string_view component) noexcept;

inline constexpr std::size_t tracefs_path_size = 1024;
using tracefs_path = bounded_string<tracefs_path_size>;
// Where tracefs is mounted, as this process sees it; nothing where it is nowhere, or too far away. Nothing is
// remembered: it can be mounted later.
[[nodiscard]] std::optional<tracefs_path> find_tracefs() noexcept;
// DIRECTORY/events/CATEGORY/NAME/FILE, without what is empty at the end; empty where it would be too long.
[[nodiscard]] tracefs_path tracefs_path_of(std::string_view directory, tracepoint_name tracepoint,
                                           std::string_view file) noexcept;

// The number by which perf_event_open() knows a tracepoint, read from tracefs.
[[nodiscard]] result<std::uint32_t> read_tracepoint_id(tracepoint_name tracepoint) noexcept;

}  // namespace bpflink::kernel
