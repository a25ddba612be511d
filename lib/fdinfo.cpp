// SPDX-License-Identifier: MIT
#include "fdinfo.hpp"

#include <fmt/core.h>

#include <array>

#include "kernel/files.hpp"

namespace bpflink {

std::optional<std::string_view> field_in(std::string_view fdinfo, std::string_view key) noexcept {
  while (!fdinfo.empty()) {
    const auto line = fdinfo.substr(0, fdinfo.find('\n'));
    fdinfo.remove_prefix(line.size() < fdinfo.size() ? line.size() + 1 : line.size());
    if (line.size() <= key.size() || !line.starts_with(key) || line[key.size()] != ':') continue;
    const auto value = line.find_first_not_of(" \t", key.size() + 1);
    return value == std::string_view::npos ? std::string_view{} : line.substr(value);
  }
  return std::nullopt;
}

std::optional<std::string_view> fdinfo_field(fd_ref descriptor, std::string_view key, std::span<char> buffer) noexcept {
  std::array<char, 40> path{};
  fmt::format_to_n(path.data(), path.size() - 1, "/proc/self/fdinfo/{}", descriptor.get());
  const auto read = kernel::read_file(path.data(), buffer);
  return read ? field_in(*read, key) : std::nullopt;
}

}  // namespace bpflink
