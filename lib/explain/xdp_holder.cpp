// SPDX-License-Identifier: MIT
#include "explain/xdp_holder.hpp"

#include <cerrno>

#include "bpflink/features.hpp"
#include "explain/holder.hpp"
#include "kernel/xdp.hpp"

namespace bpflink::explain {

namespace {

// The kernel is asked to remove nothing in the place of nothing, which can change nothing: it refuses differently what
// is held by a link.
std::optional<bool> held_by_link(int socket, std::uint32_t interface, std::uint32_t mode) noexcept {
  const auto asked = kernel::replace_xdp(socket, interface, kernel::no_program, kernel::no_program, mode);
  if (asked) return std::nullopt;
  switch (asked.error().why.number) {
    case EBUSY:
      return true;
    case EEXIST:
      return false;
    case EINVAL:
      // Before Linux 5.7, and then there are no links either.
      return probe(feature::xdp_links) == availability::no ? std::optional{false} : std::nullopt;
    default:
      return std::nullopt;
  }
}

// Interfaces of other namespaces may have the same index: an id that is not the only one tells nothing.
std::optional<link_id> link_on(std::uint32_t interface, std::uint32_t program) noexcept {
  kernel::u32 id = 0;
  int count = 0;
  const auto search = find_link([&](const kernel::link_info_raw& raw) {
    if (raw.type == static_cast<kernel::u32>(link_type::xdp) && raw.prog_id == program &&
        raw.xdp.ifindex == interface) {
      id = raw.id;
      ++count;
    }
    return false;
  });
  return search.complete && count == 1 ? std::optional{link_id{id}} : std::nullopt;
}

}  // namespace

xdp_holder holder_of_xdp(int socket, std::uint32_t interface, std::uint32_t mode, std::uint32_t program) noexcept {
  const auto by_link = held_by_link(socket, interface, mode);
  if (!by_link) return {};
  if (!*by_link) return {mechanism::netlink, std::nullopt};
  return {mechanism::link, link_on(interface, program)};
}

}  // namespace bpflink::explain
