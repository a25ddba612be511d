// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/detail/export.hpp"

namespace bpflink {

/// The bpf command or call that failed.
enum class operation : std::uint8_t {
  none,                    ///< No system call was made: the request was refused beforehand.
  prog_load,               ///< BPF_PROG_LOAD
  obj_pin,                 ///< BPF_OBJ_PIN
  obj_get,                 ///< BPF_OBJ_GET
  prog_attach,             ///< BPF_PROG_ATTACH
  prog_detach,             ///< BPF_PROG_DETACH
  prog_query,              ///< BPF_PROG_QUERY
  prog_get_fd_by_id,       ///< BPF_PROG_GET_FD_BY_ID
  map_get_fd_by_id,        ///< BPF_MAP_GET_FD_BY_ID
  obj_get_info_by_fd,      ///< BPF_OBJ_GET_INFO_BY_FD
  raw_tracepoint_open,     ///< BPF_RAW_TRACEPOINT_OPEN
  btf_get_fd_by_id,        ///< BPF_BTF_GET_FD_BY_ID
  btf_get_next_id,         ///< BPF_BTF_GET_NEXT_ID
  link_create,             ///< BPF_LINK_CREATE
  link_update,             ///< BPF_LINK_UPDATE
  link_detach,             ///< BPF_LINK_DETACH
  link_get_fd_by_id,       ///< BPF_LINK_GET_FD_BY_ID
  link_get_next_id,        ///< BPF_LINK_GET_NEXT_ID
  iter_create,             ///< BPF_ITER_CREATE
  map_create,              ///< BPF_MAP_CREATE
  map_update,              ///< BPF_MAP_UPDATE_ELEM
  map_delete,              ///< BPF_MAP_DELETE_ELEM
  map_lookup,              ///< BPF_MAP_LOOKUP_ELEM
  perf_event_open,         ///< perf_event_open(2)
  perf_event_set_program,  ///< ioctl PERF_EVENT_IOC_SET_BPF
  perf_event_enable,       ///< ioctl PERF_EVENT_IOC_ENABLE
  netlink_set_xdp,         ///< RTM_SETLINK with IFLA_XDP
  netlink_get_link,        ///< RTM_GETLINK
  netlink_new_qdisc,       ///< RTM_NEWQDISC
  netlink_delete_qdisc,    ///< RTM_DELQDISC
  netlink_get_qdisc,       ///< RTM_GETQDISC
  netlink_new_filter,      ///< RTM_NEWTFILTER
  netlink_delete_filter,   ///< RTM_DELTFILTER
  netlink_get_filter,      ///< RTM_GETTFILTER
  open,                    ///< open(2)
  read,                    ///< read(2)
  close,                   ///< close(2)
  duplicate,               ///< fcntl(2) F_DUPFD_CLOEXEC
  rename,                  ///< renameat2(2)
  unlink,                  ///< unlink(2)
  socket,                  ///< socket(2)
  get_socket_option,       ///< getsockopt(2)
  set_socket_option,       ///< setsockopt(2)
  interface_index,         ///< ioctl SIOCGIFINDEX
  process_open,            ///< pidfd_open(2)
  set_limit,               ///< setrlimit(2)
  poll,                    ///< poll(2)
  enter_namespace,         ///< setns(2), on a thread made for it
  make_thread,             ///< pthread_create(3), for a thread that enters a namespace
};

/// The kernel's name of the call: "BPF_LINK_CREATE", "perf_event_open".
[[nodiscard]] BPFLINK_API std::string_view to_string(operation call) noexcept;

}  // namespace bpflink
