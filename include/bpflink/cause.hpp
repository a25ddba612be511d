// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/detail/export.hpp"

namespace bpflink {

/// Why an operation failed, where that was established. docs/errors.md lists which hook gives which.
enum class cause : std::uint8_t {
  unknown,                     ///< The kernel refused and gave no reason that could be established.
  empty_handle,                ///< An empty or closed handle was given.
  closed_descriptor,           ///< The number is no open descriptor of this process.
  not_a_program,               ///< The descriptor is not that of a BPF program.
  not_a_link,                  ///< The object is not a link.
  not_a_map,                   ///< The descriptor is not that of a BPF map.
  wrong_link_type,             ///< It is a link, but of another kind.
  wrong_program_type,          ///< The hook takes programs of another type.
  wrong_expected_attach_type,  ///< The program was loaded for another attach type than the hook's.
  wrong_map_type,              ///< The hook takes maps of another type.
  map_not_filled,              ///< The struct_ops map has no value yet.
  not_a_link_map,              ///< The struct_ops map was made without BPF_F_LINK, and registers itself.
  name_taken,                  ///< Something of this name is registered with the kernel already.
  not_a_cgroup,                ///< The target is not a cgroup v2 directory.
  not_a_network_namespace,     ///< The target is not a network namespace.
  not_a_perf_event,            ///< The target is not a perf event.
  not_a_socket,                ///< The target is not a socket, or not one that takes such programs.
  not_a_netkit,                ///< The interface is not the primary end of a netkit pair.
  not_a_file,                  ///< The path is a directory, a device or no regular file.
  no_such_interface,           ///< No interface has this index or name in the namespace.
  no_such_path,                ///< The path does not exist.
  no_such_name,                ///< No tracepoint, iterator target or function has this name; near ones are in the hint.
  no_such_process,             ///< No process or thread has this number.
  no_such_id,                  ///< No object has this id.
  target_gone,                 ///< The cgroup, namespace or interface was removed.
  detached,                    ///< The link was detached.
  not_attached,                ///< The program is not attached there.
  slot_taken,                  ///< Another program or link holds the place; the text names it.
  would_evict,                 ///< The kernel would throw out a program that was attached without a link.
  already_attached,            ///< This very program is attached there already.
  parent_forbids,              ///< A program attached in a parent cgroup, or this one, allows no other.
  other_program,               ///< Not the expected old program, or map, is attached.
  anchor_missing,              ///< What the position is relative to is not attached at this hook.
  stale_revision,              ///< The hook's revision is not the expected one.
  too_many,                    ///< The kernel's number of programs at this hook is used up.
  missing_capability,          ///< The text names the capability.
  locked,                      ///< The socket's filter was locked (SO_LOCK_FILTER), or the map frozen (BPF_MAP_FREEZE).
  file_permission,             ///< The file's, directory's or descriptor's mode forbids it.
  memory_lock_limit,           ///< RLIMIT_MEMLOCK is too low; before Linux 5.11 it counts BPF memory.
  kernel_policy,               ///< The kernel refuses it to everybody: a build or boot option.
  missing_feature,             ///< Linux has it since a later version; the text names it.
  missing_configuration,       ///< This kernel was built without it.
  no_such_operation,           ///< This kind of attachment has no such operation.
  not_bpffs,                   ///< The path is not in a BPF file system.
  path_in_use,                 ///< Something stands at the path already.
  bad_pin_name,                ///< The BPF file system takes no names with a dot.
  bad_option,                  ///< An option contradicts another or is out of range; the text names it.
  bad_offset,                  ///< The offset is outside the file or record, or not at an instruction.
  verifier,                    ///< The verifier refused the program; the log has its words.
  driver,                      ///< The interface's driver cannot do it.
  no_memory,                   ///< Out of memory.
  no_descriptors,              ///< The process, or the system, is out of descriptors.
};

/// The enumerator's name: "wrong_program_type".
[[nodiscard]] BPFLINK_API std::string_view to_string(cause why) noexcept;

}  // namespace bpflink
