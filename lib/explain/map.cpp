// SPDX-License-Identifier: MIT
#include "explain/map.hpp"

#include "kernel/files.hpp"

namespace bpflink::explain {

std::optional<diagnosis> no_map(fd_ref map, std::string_view which) noexcept {
  switch (kernel::kind_of(map.get())) {
    case kernel::object_kind::closed:
      return diagnosis{
          errc::bad_handle, cause::closed_descriptor, text{"the {}'s descriptor {} is closed", which, map.get()}, {}};
    case kernel::object_kind::map:
    case kernel::object_kind::unknown:
      return std::nullopt;
    default:
      return diagnosis{errc::wrong_type, cause::not_a_map, text{"the {}'s descriptor is not that of a map", which}, {}};
  }
}

std::optional<kernel::map_info_raw> told_of_map(fd_ref map) noexcept {
  if (kernel::kind_of(map.get()) != kernel::object_kind::map) return std::nullopt;
  const auto told = kernel::info_of_map(map);
  return told ? std::optional{*told} : std::nullopt;
}

std::optional<kernel::u32> id_of_map(fd_ref map) noexcept {
  const auto told = told_of_map(map);
  return told ? std::optional{told->id} : std::nullopt;
}

}  // namespace bpflink::explain
