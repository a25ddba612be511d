// SPDX-License-Identifier: MIT
#include "link_kind.hpp"

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include "fdinfo.hpp"
#include "kernel/bpf.hpp"

namespace bpflink {

namespace {

// What the kernel calls otherwise than its enum, and this library, do.
struct other_name {
  std::string_view name;
  link_type kind;
};
constexpr other_name other_names[] = {{"iter", link_type::iterator},
                                      {"perf", link_type::perf_event},
                                      {"kretprobe_multi", link_type::kprobe_multi},
                                      {"uretprobe_multi", link_type::uprobe_multi}};

std::optional<link_type> kind_named(std::string_view name) noexcept {
  for (const auto& other : other_names) {
    if (other.name == name) return other.kind;
  }
  for (auto number = 1U; number <= static_cast<unsigned>(link_type::tracing_multi); ++number) {
    if (to_string(static_cast<link_type>(number)) == name) return static_cast<link_type>(number);
  }
  // Linux 5.7 calls the rest "unknown": there that is an iterator's or a namespace's, which nothing else tells apart.
  return name == "unknown" ? std::optional{link_type::unspecified} : std::nullopt;
}

}  // namespace

kernel::result<link_type> kind_told_by_fdinfo(fd_ref link, kernel::failure no_info) noexcept {
  if (no_info.number == EINVAL) {
    std::array<char, 1024> buffer{};
    if (const auto name = fdinfo_field(link, "link_type", buffer)) {
      if (const auto kind = kind_named(*name)) return *kind;
    }
  }
  return tl::unexpected(no_info);
}

}  // namespace bpflink
