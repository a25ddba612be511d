// SPDX-License-Identifier: MIT
#include "kernel/tracefs.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstddef>
#include <span>

#include "kernel/files.hpp"
#include "kernel/lines.hpp"

namespace bpflink::kernel {

namespace {

constexpr std::int64_t filesystem_tracefs = 0x74726163;
constexpr const char* usual_place = "/sys/kernel/tracing";
// Where it shows by itself inside debugfs.
constexpr const char* older_place = "/sys/kernel/debug/tracing";

bool is_tracefs(const char* directory) noexcept {
  const auto status = status_of(directory);
  return status && status->filesystem == filesystem_tracefs;
}

// A word of a line, which then begins behind it.
std::string_view take_word(std::string_view& line) noexcept {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// In mountinfo, blanks and backslashes of a path are a backslash and three octal digits.
std::optional<tracefs_path> unescaped(std::string_view path) noexcept {
  std::array<char, tracefs_path_size> plain;
  std::size_t size = 0;
  while (!path.empty()) {
    if (size + 1 >= tracefs_path_size) return std::nullopt;
    auto letter = static_cast<unsigned char>(path.front());
    std::size_t length = 1;
    if (path.size() >= 4 && path.front() == '\\' &&
        std::from_chars(path.data() + 1, path.data() + 4, letter, 8).ptr == path.data() + 4) {
      length = 4;
    }
    plain[size++] = static_cast<char>(letter);
    path.remove_prefix(length);
  }
  return tracefs_path{{plain.data(), size}};
}

// ID PARENT DEVICE ROOT PLACE OPTIONS [FIELD...] - TYPE SOURCE OPTIONS
std::optional<tracefs_path> place_of_tracefs(std::string_view line) noexcept {
  for (int skipped = 0; skipped < 3; ++skipped) take_word(line);
  // A part of tracefs that is shown elsewhere is of no use.
  if (take_word(line) != "/") return std::nullopt;
  const auto place = take_word(line);
  while (!line.empty() && take_word(line) != "-") {
  }
  if (take_word(line) != "tracefs") return std::nullopt;
  return unescaped(place);
}

result<std::uint32_t> read_id(const tracefs_path& path) noexcept {
  if (path.empty()) return tl::unexpected(failure{operation::open, ENAMETOOLONG});
  std::array<char, 32> digits;
  const auto file = open_read(path.c_str());
  if (!file) return tl::unexpected(file.error());
  const auto got = read_some(file->get(), std::as_writable_bytes(std::span{digits}));
  if (!got) return tl::unexpected(got.error());
  std::uint32_t id = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + *got, id);
  if (parsed.ec != std::errc{} || id == 0) return tl::unexpected(failure{operation::read, EBADMSG});
  return id;
}

}  // namespace

bool is_plain(std::string_view component) noexcept {
  return !component.empty() && component.size() <= NAME_MAX && component != "." && component != ".." &&
         component.find('/') == std::string_view::npos && component.find('\0') == std::string_view::npos;
}

std::optional<tracefs_path> find_tracefs() noexcept {
  for (const char* const place : {usual_place, older_place}) {
    if (is_tracefs(place)) return tracefs_path{place};
  }
  std::optional<tracefs_path> found;
  static_cast<void>(for_each_line("/proc/self/mountinfo", [&found](std::string_view line) {
    found = place_of_tracefs(line);
    // Something else may be mounted over it.
    if (found && !is_tracefs(found->c_str())) found.reset();
    return found.has_value();
  }));
  return found;
}

tracefs_path tracefs_path_of(std::string_view directory, tracepoint_name tracepoint, std::string_view file) noexcept {
  std::array<char, tracefs_path_size> path;
  std::size_t size = 0;
  bool fits = true;
  const auto add = [&](std::string_view part) {
    if (part.empty()) return;
    const std::size_t slash = size == 0 ? 0 : 1;
    if (path.size() - size <= part.size() + slash) {
      fits = false;
      return;
    }
    if (slash != 0) path[size++] = '/';
    size += part.copy(path.data() + size, part.size());
  };
  for (const auto part : {directory, std::string_view{"events"}, tracepoint.category, tracepoint.name, file}) add(part);
  return fits ? tracefs_path{{path.data(), size}} : tracefs_path{};
}

result<std::uint32_t> read_tracepoint_id(tracepoint_name tracepoint) noexcept {
  constexpr std::string_view file = "id";
  const auto usual = read_id(tracefs_path_of(usual_place, tracepoint, file));
  if (usual || usual.error().number != ENOENT) return usual;
  const auto mounted = find_tracefs();
  if (!mounted || mounted->view() == usual_place) return usual;
  return read_id(tracefs_path_of(mounted->view(), tracepoint, file));
}

}  // namespace bpflink::kernel
