// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/interface_target.hpp"
#include "bpflink/map.hpp"
#include "bpflink/program.hpp"

namespace bpflink {

/// The key of a map's entry.
using map_key = distinct_number<struct map_key_tag, std::uint32_t>;
/// A CPU of this machine, from 0.
using cpu_number = distinct_number<struct cpu_number_tag, std::uint32_t>;

/// An entry of a device map (DEVMAP, DEVMAP_HASH): the interface that packets go to when an XDP program redirects them
/// there, and the program that runs for each of them on its way.
struct device_map_entry {
  map_ref map;                 ///< Required. A device map.
  map_key key;                 ///< Required. Which entry; what it held before goes.
  interface_target interface;  ///< Required. An interface, of any network namespace.
  /// An XDP program that was loaded for attach_type::xdp_devmap; none lets the packets go as they are. Since Linux 5.8.
  std::optional<program_ref> program = {};
};

/// Writes an entry of a device map, with a program or without one. The entry holds the program until it is written anew
/// or deleted, or the map goes; with the interface the entry goes.
///
/// Two system calls: a map of another sort would take the bytes for its own, and one without room for programs would
/// drop the program without a word, so that the kernel is asked what the map is.
///
/// @errors bad_handle: the map's or program's descriptor is empty or closed. wrong_type: not a map (cause not_a_map),
///         one of another type, or one without room for a program (wrong_map_type); not a program; not an XDP program,
///         or one that was not loaded for device maps (wrong_expected_attach_type). not_found: no interface has this
///         index in this namespace. invalid_argument: the key is beyond the map's end; the program's descriptor is 0,
///         which to the kernel means none; the map's programs and this one do not agree on packets in fragments. limit:
///         a DEVMAP_HASH is full. permission_denied: the map is frozen (cause locked), or its descriptor for reading
///         only (file_permission). A namespace that cannot be entered: as at XDP.
/// @since Linux 4.14; DEVMAP_HASH since 5.4; programs since 5.8
/// @kernel BPF_MAP_UPDATE_ELEM (kernel/bpf/devmap.c)
[[nodiscard]] BPFLINK_API expected<void> write_entry(const device_map_entry& entry) noexcept;

/// An entry of a CPU map (CPUMAP): the queue that packets go through to a CPU when an XDP program redirects them there,
/// and the program that runs for each of them on that CPU.
struct cpu_map_entry {
  map_ref map;     ///< Required. A CPU map.
  cpu_number cpu;  ///< Required. Which entry, and which CPU; what it held before goes.
  /// Required. How many packets can wait, 1 to 16384.
  std::uint32_t queue_size;
  /// An XDP program that was loaded for attach_type::xdp_cpumap; none gives the packets to the network stack as they
  /// are. Since Linux 5.9.
  std::optional<program_ref> program = {};
};

/// Writes an entry of a CPU map, with a program or without one. The entry holds the program until it is written anew or
/// deleted, or the map goes. Two system calls, as for device maps.
///
/// @errors bad_handle, wrong_type: as for device maps. invalid_argument: the queue's size is 0 or more than 16384, the
///         machine has no such CPU, or it is beyond the map's end; the program's descriptor is 0. system: out of
///         memory, or the map's programs and this one do not agree on packets in fragments: the kernel says the same to
///         both. permission_denied: as for device maps.
/// @since Linux 4.15; programs since 5.9
/// @kernel BPF_MAP_UPDATE_ELEM (kernel/bpf/cpumap.c)
[[nodiscard]] BPFLINK_API expected<void> write_entry(const cpu_map_entry& entry) noexcept;

/// An entry of a device map, to be asked what it holds.
struct device_map_query {
  map_ref map;  ///< Required. A device map.
  map_key key;  ///< Required. Which entry.
};

/// What an entry of a device map holds.
struct device_map_content {
  ifindex interface;                  ///< Where packets go, in the network namespace of who wrote it.
  std::optional<program_id> program;  ///< The program that runs for them.
};

/// What an entry of a device map holds.
///
/// @errors bad_handle, wrong_type: as write_entry(). not_found: the entry is empty.
///         permission_denied: the map's descriptor is for writing only (file_permission).
/// @since Linux 4.14
/// @kernel BPF_MAP_LOOKUP_ELEM (kernel/bpf/devmap.c)
[[nodiscard]] BPFLINK_API expected<device_map_content> query(const device_map_query& asked) noexcept;

/// An entry of a CPU map, to be asked what it holds.
struct cpu_map_query {
  map_ref map;     ///< Required. A CPU map.
  cpu_number cpu;  ///< Required. Which entry.
};

/// What an entry of a CPU map holds.
struct cpu_map_content {
  std::uint32_t queue_size = 0;       ///< How many packets can wait.
  std::optional<program_id> program;  ///< The program that runs for them.
};

/// What an entry of a CPU map holds.
///
/// @errors bad_handle, wrong_type: as write_entry(). not_found: the entry is empty.
///         permission_denied: the map's descriptor is for writing only (file_permission).
/// @since Linux 4.15
/// @kernel BPF_MAP_LOOKUP_ELEM (kernel/bpf/cpumap.c)
[[nodiscard]] BPFLINK_API expected<cpu_map_content> query(const cpu_map_query& asked) noexcept;

}  // namespace bpflink
