// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/link.hpp"
#include "bpflink/map.hpp"
#include "bpflink/mechanism.hpp"

namespace bpflink {

/// Which table of functions to register with the kernel.
struct struct_ops_options {
  map_ref map;  ///< Required. A struct_ops map, in the place of a program; libbpf makes and fills such maps.
  /// The value to fill the map with before it is registered, laid out as the kernel's bpf_struct_ops_... structure with
  /// programs' descriptors for functions. None where the map is filled already, as libbpf does at load for maps of
  /// ".struct_ops.link". A map is filled once. Borrowed for the length of the call.
  std::span<const std::byte> value = {};
  /// Whether a map that registers itself when it is filled will do: one made without BPF_F_LINK.
  mechanism_choice mechanism = mechanism_choice::best;
};

/// Owns a table of functions' registration with the kernel, which lasts as long as the link: the link holds the map,
/// and needs no other owner of it. Functions that run, and sockets that use a congestion control, keep it to their end.
using struct_ops_link = typed_link<link_type::struct_ops>;

/// Registers a table of functions that BPF programs implement: a TCP congestion control, a scheduler.
///
/// Mechanisms, by how the map was made: with BPF_F_LINK a link (Linux 6.4); without, writing its value, which registers
/// it at once. That outlives this process, so the handle holds a descriptor of the map and closing it unregisters; such
/// a map can be registered once in its life, and not be updated. It needs `value` here: a map without BPF_F_LINK that
/// is filled is registered, by whoever filled it. With a value this takes one system call more, which asks the map how
/// long its value is and whether filling it registers it.
///
/// @errors bad_handle: the map's descriptor is empty or closed. wrong_type: it is no map (cause not_a_map), or not of
///         struct_ops (wrong_map_type). invalid_argument: the map has no value yet (map_not_filled), was made without
///         BPF_F_LINK (not_a_link_map), the value has another size than the map's, or the kernel refuses it: a program
///         made for another function, a mandatory function that is missing, a member that has to be zero. bad_handle,
///         wrong_type: the program of a member, which the text names, is closed, none, or was loaded for another table.
///         already_exists: something of this name is registered (name_taken; the text has the name), or this map is.
///         busy: the map is filled already. defunct: it was registered and unregistered. not_supported: this kernel has
///         no struct_ops, no links for it where only a link will do, or it cannot register this table.
/// @since Linux 5.6; a link since 6.4
/// @kernel BPF_LINK_CREATE with BPF_STRUCT_OPS, BPF_MAP_UPDATE_ELEM (kernel/bpf/bpf_struct_ops.c)
[[nodiscard]] BPFLINK_API expected<struct_ops_link> attach(const struct_ops_options& options) noexcept;

namespace detail {
[[nodiscard]] BPFLINK_API expected<bool> is_detached(const link_handle& link) noexcept;
[[nodiscard]] BPFLINK_API expected<bool> wait_detached(const link_handle& link,
                                                       std::chrono::milliseconds at_most) noexcept;
}  // namespace detail

template <link_type Kind>
expected<bool> typed_link<Kind>::detached() const noexcept requires(capabilities_of(Kind).poll) {
  return detail::is_detached(handle_);
}

template <link_type Kind>
expected<bool> typed_link<Kind>::wait_detached(std::chrono::milliseconds at_most) const noexcept
    requires(capabilities_of(Kind).poll) {
  return detail::wait_detached(handle_, at_most);
}

}  // namespace bpflink
