// SPDX-License-Identifier: MIT
#include "explain/holder.hpp"

#include "explain/program.hpp"

namespace bpflink::explain {

link_place place_of(const kernel::link_info_raw& raw) noexcept {
  const auto type = static_cast<link_type>(raw.type);
  switch (type) {
    case link_type::cgroup:
      return {type, static_cast<attach_type>(raw.cgroup.attach_type), raw.cgroup.cgroup_id};
    case link_type::netns:
      return {type, static_cast<attach_type>(raw.netns.attach_type), raw.netns.netns_ino};
    case link_type::sockmap:
      return {type, static_cast<attach_type>(raw.sockmap.attach_type), raw.sockmap.map_id};
    default:
      return {type, {}, 0};
  }
}

link_search find_link_at(const link_place& place, program_id holding) noexcept {
  return find_link([&](const kernel::link_info_raw& raw) {
    const auto found = place_of(raw);
    return raw.prog_id == holding.value() && found.type == place.type && found.where == place.where &&
           found.target == place.target && found.target != 0;
  });
}

text describe_holder(const link_place& place, program_id holding) noexcept {
  auto words = describe_program(holding);
  const auto search = find_link_at(place, holding);
  if (search.found) return words.add(", held by the link with id {},", search.found->id);
  if (search.complete) words.add(", attached without a link,");
  return words;
}

}  // namespace bpflink::explain
