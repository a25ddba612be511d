// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>

#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"

// Who holds a place.
namespace bpflink::explain {

// A place as link information tells it: the cgroup's id, the namespace's inode, the map's id.
struct link_place {
  link_type type;
  attach_type where;
  std::uint64_t target;
};
// What a link's information tells of its place; target 0 for a defunct link and for kinds that have none.
[[nodiscard]] link_place place_of(const kernel::link_info_raw& raw) noexcept;

struct link_search {
  std::optional<kernel::link_info_raw> found;
  bool complete = false;  // false: this process may not look, or this kernel does not tell
};

// Goes through all links of the system, up to the first that fits.
template <class Predicate>
[[nodiscard]] link_search find_link(const Predicate& fits) noexcept {
  link_search result;
  bool saw_all = true;
  for (auto next = kernel::link_get_next_id(0);; next = kernel::link_get_next_id(*next)) {
    if (!next) {
      result.complete = saw_all && next.error().number == ENOENT;
      return result;
    }
    const auto link = kernel::settled_link_get_fd_by_id(*next);
    if (!link && link.error().number == EAGAIN) {
      saw_all = false;
      continue;
    }
    // A link that ended meanwhile holds nothing.
    if (!link && link.error().number != ENOENT) return result;
    kernel::link_info_raw raw{};
    if (!link || !kernel::obj_get_info(link->get(), &raw, sizeof raw) || !fits(raw)) continue;
    result.found = raw;
    result.complete = true;
    return result;
  }
}

// The link that holds a program at a place.
[[nodiscard]] link_search find_link_at(const link_place& place, program_id holding) noexcept;

// "program 'drop' (id 17), held by the link with id 5" or "..., attached without a link", as far as it can be told.
[[nodiscard]] text describe_holder(const link_place& place, program_id holding) noexcept;

}  // namespace bpflink::explain
