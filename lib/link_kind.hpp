// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "kernel/bpf.hpp"
#include "kernel/result.hpp"

namespace bpflink {

// Linux 5.7 has links and no information on them; there the descriptor's fdinfo tells.
[[nodiscard]] kernel::result<link_type> kind_told_by_fdinfo(fd_ref link, kernel::failure no_info) noexcept;

// The kind of a link.
[[nodiscard]] inline kernel::result<link_type> kind_of_link(fd_ref link) noexcept {
  kernel::link_info_header header{};
  const auto told = kernel::obj_get_info(link.get(), header);
  if (!told) return kind_told_by_fdinfo(link, told.error());
  return static_cast<link_type>(header.type);
}

}  // namespace bpflink
