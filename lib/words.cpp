// SPDX-License-Identifier: MIT
#include <array>
#include <cstddef>
#include <string_view>

#include "bpflink/cause.hpp"
#include "bpflink/errc.hpp"
#include "bpflink/mechanism.hpp"
#include "bpflink/operation.hpp"
#include "word.hpp"

// The words for enumerators, in the order of the enumerations.
namespace bpflink {

namespace {

constexpr std::array<std::string_view, 15> errc_words{
    "no error",       "not_supported", "permission_denied", "invalid_argument", "bad_handle", "wrong_type", "not_found",
    "already_exists", "busy",          "conflict",          "defunct",          "ambiguous",  "limit",      "rejected",
    "system",
};
static_assert(errc_words.size() == static_cast<std::size_t>(errc::system) + 1);

constexpr std::array<std::string_view, 49> operation_words{
    "no call",
    "BPF_PROG_LOAD",
    "BPF_OBJ_PIN",
    "BPF_OBJ_GET",
    "BPF_PROG_ATTACH",
    "BPF_PROG_DETACH",
    "BPF_PROG_QUERY",
    "BPF_PROG_GET_FD_BY_ID",
    "BPF_MAP_GET_FD_BY_ID",
    "BPF_OBJ_GET_INFO_BY_FD",
    "BPF_RAW_TRACEPOINT_OPEN",
    "BPF_BTF_GET_FD_BY_ID",
    "BPF_BTF_GET_NEXT_ID",
    "BPF_LINK_CREATE",
    "BPF_LINK_UPDATE",
    "BPF_LINK_DETACH",
    "BPF_LINK_GET_FD_BY_ID",
    "BPF_LINK_GET_NEXT_ID",
    "BPF_ITER_CREATE",
    "BPF_MAP_CREATE",
    "BPF_MAP_UPDATE_ELEM",
    "BPF_MAP_DELETE_ELEM",
    "BPF_MAP_LOOKUP_ELEM",
    "perf_event_open",
    "PERF_EVENT_IOC_SET_BPF",
    "PERF_EVENT_IOC_ENABLE",
    "RTM_SETLINK",
    "RTM_GETLINK",
    "RTM_NEWQDISC",
    "RTM_DELQDISC",
    "RTM_GETQDISC",
    "RTM_NEWTFILTER",
    "RTM_DELTFILTER",
    "RTM_GETTFILTER",
    "open",
    "read",
    "close",
    "fcntl F_DUPFD_CLOEXEC",
    "renameat2",
    "unlink",
    "socket",
    "getsockopt",
    "setsockopt",
    "SIOCGIFINDEX",
    "pidfd_open",
    "setrlimit",
    "poll",
    "setns",
    "pthread_create",
};
static_assert(operation_words.size() == static_cast<std::size_t>(operation::make_thread) + 1);

constexpr std::array<std::string_view, 52> cause_words{
    "unknown",
    "empty_handle",
    "closed_descriptor",
    "not_a_program",
    "not_a_link",
    "not_a_map",
    "wrong_link_type",
    "wrong_program_type",
    "wrong_expected_attach_type",
    "wrong_map_type",
    "map_not_filled",
    "not_a_link_map",
    "name_taken",
    "not_a_cgroup",
    "not_a_network_namespace",
    "not_a_perf_event",
    "not_a_socket",
    "not_a_netkit",
    "not_a_file",
    "no_such_interface",
    "no_such_path",
    "no_such_name",
    "no_such_process",
    "no_such_id",
    "target_gone",
    "detached",
    "not_attached",
    "slot_taken",
    "would_evict",
    "already_attached",
    "parent_forbids",
    "other_program",
    "anchor_missing",
    "stale_revision",
    "too_many",
    "missing_capability",
    "locked",
    "file_permission",
    "memory_lock_limit",
    "kernel_policy",
    "missing_feature",
    "missing_configuration",
    "no_such_operation",
    "not_bpffs",
    "path_in_use",
    "bad_pin_name",
    "bad_option",
    "bad_offset",
    "verifier",
    "driver",
    "no_memory",
    "no_descriptors",
};
static_assert(cause_words.size() == static_cast<std::size_t>(cause::no_descriptors) + 1);

constexpr std::array<std::string_view, 10> mechanism_words{
    "none",    "link",       "raw_tracepoint", "program_multi", "program_override", "program_exclusive",
    "netlink", "perf_event", "socket_option",  "map_update",
};
static_assert(mechanism_words.size() == static_cast<std::size_t>(mechanism::map_update) + 1);

constexpr std::array<std::string_view, 2> choice_words{"best", "link_only"};
static_assert(choice_words.size() == static_cast<std::size_t>(mechanism_choice::link_only) + 1);

}  // namespace

std::string_view to_string(errc code) noexcept { return word(errc_words, code); }
std::string_view to_string(operation call) noexcept { return word(operation_words, call); }
std::string_view to_string(cause why) noexcept { return word(cause_words, why); }
std::string_view to_string(mechanism how) noexcept { return word(mechanism_words, how); }
std::string_view to_string(mechanism_choice choice) noexcept { return word(choice_words, choice); }

}  // namespace bpflink
