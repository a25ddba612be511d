// SPDX-License-Identifier: MIT
#include "explain/tracefs.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "bpflink/bounded_string.hpp"
#include "explain/names.hpp"
#include "kernel/directory.hpp"
#include "kernel/files.hpp"
#include "kernel/lines.hpp"

namespace bpflink::explain {

namespace {

using kernel::tracepoint_name;

bool exists(const kernel::tracefs_path& path) noexcept { return !path.empty() && kernel::status_of(path.c_str()); }

// What has an "id" is a tracepoint; beside them are files that control them.
bool is_tracepoint(std::string_view tracefs, tracepoint_name tracepoint) noexcept {
  return exists(kernel::tracefs_path_of(tracefs, tracepoint, "id"));
}

bool tracefs_is_built_in() noexcept {
  bool found = false;
  static_cast<void>(kernel::for_each_line("/proc/filesystems", [&found](std::string_view line) {
    found = line.ends_with("\ttracefs");
    return found;
  }));
  return found;
}

diagnosis no_tracefs() noexcept {
  if (!tracefs_is_built_in() && exists(kernel::tracefs_path{"/proc/filesystems"})) {
    return {errc::not_supported, cause::missing_configuration, text{"this kernel was built without tracefs"}, {}};
  }
  return {errc::not_found, cause::no_such_path, text{"tracefs, which has the tracepoints, is not mounted"},
          text{"mount -t tracefs tracefs /sys/kernel/tracing"}};
}

template <class Function>
void for_each_category(std::string_view tracefs, Function&& each) noexcept {
  static_cast<void>(kernel::for_each_name(kernel::tracefs_path_of(tracefs, {}, {}).c_str(), each));
}

// A category that has a tracepoint of this name; empty where none has.
bounded_string<128> category_with(std::string_view tracefs, std::string_view name) noexcept {
  bounded_string<128> found;
  for_each_category(tracefs, [&](std::string_view category) {
    if (found.empty() && is_tracepoint(tracefs, {category, name})) found = bounded_string<128>{category};
  });
  return found;
}

diagnosis no_category(std::string_view tracefs, tracepoint_name tracepoint) noexcept {
  diagnosis why{
      errc::not_found, cause::no_such_name, text{"there is no category '{}' of tracepoints", tracepoint.category}, {}};
  nearest_names near{tracepoint.category};
  for_each_category(tracefs, [&](std::string_view category) { near.offer(category); });
  // The best is a category that has the name.
  if (near.found() && is_tracepoint(tracefs, {near.best(), tracepoint.name})) {
    why.hint.add("there is {}/{}", near.best(), tracepoint.name);
  } else if (const auto other = category_with(tracefs, tracepoint.name); !other.empty()) {
    why.hint.add("there is {}/{}", other.view(), tracepoint.name);
  } else {
    why.hint = near.hint();
  }
  return why;
}

diagnosis no_name(std::string_view tracefs, const kernel::tracefs_path& category, tracepoint_name tracepoint) noexcept {
  diagnosis why{errc::not_found,
                cause::no_such_name,
                text{"the category '{}' has no tracepoint '{}'", tracepoint.category, tracepoint.name},
                {}};
  if (const auto other = category_with(tracefs, tracepoint.name); !other.empty()) {
    why.hint.add("there is {}/{}", other.view(), tracepoint.name);
    return why;
  }
  nearest_names near{tracepoint.name};
  static_cast<void>(kernel::for_each_name(category.c_str(), [&](std::string_view name) {
    if (is_tracepoint(tracefs, {tracepoint.category, name})) near.offer(name);
  }));
  why.hint = near.hint();
  return why;
}

template <class Function>
void for_each_field(tracepoint_name tracepoint, Function&& each) noexcept {
  const auto mounted = kernel::find_tracefs();
  if (!mounted) return;
  static_cast<void>(
      kernel::for_each_line(kernel::tracefs_path_of(mounted->view(), tracepoint, "format").c_str(), each));
}

// The number behind "KEY:" in a field's line; 0 where there is none.
std::uint32_t number_behind(std::string_view line, std::string_view key) noexcept {
  const auto at = line.find(key);
  std::uint32_t number = 0;
  if (at != std::string_view::npos) std::from_chars(line.data() + at + key.size(), line.data() + line.size(), number);
  return number;
}

}  // namespace

diagnosis unread_tracepoint(tracepoint_name tracepoint, kernel::failure failed) noexcept {
  if (failed.number == EACCES || failed.number == EPERM) {
    return {errc::permission_denied, cause::file_permission,
            text{"this process may not read tracefs, which has the tracepoint's number"},
            text{"let it search and read the mount, or attach with more rights"}};
  }
  // Beside categories and tracepoints there are files.
  if (failed.number != ENOENT && failed.number != ENOTDIR) return diagnose(failed);
  const auto mounted = kernel::find_tracefs();
  if (!mounted) return no_tracefs();
  const auto category = kernel::tracefs_path_of(mounted->view(), {tracepoint.category, {}}, {});
  return exists(category) ? no_name(mounted->view(), category, tracepoint) : no_category(mounted->view(), tracepoint);
}

bool is_probe(tracepoint_name tracepoint) noexcept {
  bool found = false;
  for_each_field(tracepoint, [&found](std::string_view line) {
    found = line.find("__probe_ip;") != std::string_view::npos || line.find("__probe_func;") != std::string_view::npos;
    return found;
  });
  return found;
}

std::optional<std::uint32_t> record_size(tracepoint_name tracepoint) noexcept {
  std::uint32_t end = 0;
  // field:TYPE NAME;	offset:8;	size:4;	signed:1;
  for_each_field(tracepoint, [&end](std::string_view line) {
    end = std::max(end, number_behind(line, "\toffset:") + number_behind(line, "\tsize:"));
    return false;
  });
  return end == 0 ? std::nullopt : std::optional{end};
}

}  // namespace bpflink::explain
