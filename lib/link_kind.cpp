// SPDX-License-Identifier: MIT
#include "link_kind.hpp"

#include <array>
#include <cerrno>
#include <optional>

#include "fdinfo.hpp"
#include "kernel/bpf.hpp"

namespace bpflink {

namespace {

std::optional<link_type> kind_named(std::string_view name) noexcept {
  for (auto number = 1U; number <= static_cast<unsigned>(link_type::tracing_multi); ++number) {
    if (to_string(static_cast<link_type>(number)) == name) return static_cast<link_type>(number);
  }
  // Linux 5.7 calls the rest "unknown": there that is an iterator's or a namespace's, which nothing else tells apart.
  return name == "unknown" ? std::optional{link_type::unspecified} : std::nullopt;
}

[[gnu::cold, gnu::noinline]] kernel::result<link_type> told_by_fdinfo(fd_ref link, kernel::failure no_info) noexcept {
  if (no_info.number == EINVAL) {
    std::array<char, 1024> buffer{};
    if (const auto name = fdinfo_field(link, "link_type", buffer)) {
      if (const auto kind = kind_named(*name)) return *kind;
    }
  }
  return tl::unexpected(no_info);
}

}  // namespace

kernel::result<link_type> kind_of_link(fd_ref link) noexcept {
  kernel::link_info_header header{};
  const auto told = kernel::obj_get_info(link.get(), &header, sizeof header);
  if (!told) return told_by_fdinfo(link, told.error());
  return static_cast<link_type>(header.type);
}

}  // namespace bpflink
