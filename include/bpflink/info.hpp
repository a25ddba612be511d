// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bpflink/bounded_string.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"

namespace bpflink {

/// A raw tracepoint link, also one with BTF.
struct raw_tracepoint_info {
  bounded_string<128> name;               ///< The tracepoint: "sched_switch".
  std::optional<bpflink::cookie> cookie;  ///< Since Linux 6.17; before, the kernel does not tell.
};

/// A tracing link: fentry, fexit, fmod_ret, LSM, freplace.
struct tracing_info {
  attach_type hook{};                     ///< Which of them.
  std::uint32_t target_object = 0;        ///< The BTF object, or the program, that holds the function.
  std::uint32_t target_type = 0;          ///< The function's BTF type id there.
  std::optional<bpflink::cookie> cookie;  ///< Since Linux 6.17; before, the kernel does not tell.
};

/// A cgroup link.
struct cgroup_info {
  std::uint64_t cgroup_id = 0;  ///< The cgroup's id, its directory's inode; 0 once it is gone or the link detached.
  attach_type hook{};           ///< Where in it.
};

/// Which cgroups an iterator over cgroups visits, and in which order (enum bpf_cgroup_iter_order).
enum class cgroup_order : std::uint32_t {
  self = 1,              ///< The cgroup alone. BPF_CGROUP_ITER_SELF_ONLY.
  descendants_pre = 2,   ///< It and those below, parents first. BPF_CGROUP_ITER_DESCENDANTS_PRE.
  descendants_post = 3,  ///< It and those below, children first. BPF_CGROUP_ITER_DESCENDANTS_POST.
  ancestors_up = 4,      ///< It and those above, up to the root. BPF_CGROUP_ITER_ANCESTORS_UP.
};

/// An iterator over the elements of one map.
struct iterator_map_info {
  map_id map{0};  ///< The map.
};
/// An iterator over cgroups.
struct iterator_cgroup_info {
  std::uint64_t cgroup_id = 0;              ///< Where it starts; kept after the cgroup is gone.
  cgroup_order order = cgroup_order::self;  ///< Which way it goes.
};
/// An iterator over tasks, their files or mappings.
struct iterator_task_info {
  std::uint32_t tid = 0;  ///< The one thread it visits; 0 for no such limit.
  std::uint32_t pid = 0;  ///< The one process it visits; 0 for no such limit.
};

/// An iterator link.
struct iterator_info {
  bounded_string<64> target;  ///< What it goes over: "task", "bpf_map_elem".
  /// Its parameters, where the target has some and the kernel tells.
  std::variant<std::monostate, iterator_map_info, iterator_cgroup_info, iterator_task_info> parameters;
};

/// A network namespace link: sk_lookup or a flow dissector.
struct netns_info {
  std::uint32_t netns_inode = 0;  ///< The namespace's inode, as in /proc/PID/ns/net; 0 once it is gone or detached.
  attach_type hook{};             ///< sk_lookup or flow_dissector.
};

/// An XDP link.
struct xdp_info {
  std::optional<ifindex> interface;  ///< The interface in its namespace; nothing once it is gone or the link detached.
};

/// A tcx link.
struct tcx_info {
  std::optional<ifindex> interface;  ///< The interface in its namespace; nothing once it is gone or the link detached.
  attach_type hook{};                ///< tcx_ingress or tcx_egress.
};

/// A netkit link.
struct netkit_info {
  std::optional<ifindex>
      interface;       ///< The hook's own end of the pair, in its namespace; nothing once gone or detached.
  attach_type hook{};  ///< netkit_primary or netkit_peer.
};

/// The packets that a netfilter hook sees, with the kernel's values (NFPROTO_*).
enum class netfilter_family : std::uint32_t {
  ipv4 = 2,   ///< NFPROTO_IPV4.
  ipv6 = 10,  ///< NFPROTO_IPV6.
};

/// Where on a packet's way netfilter calls, with the kernel's values (enum nf_inet_hooks).
enum class netfilter_hook : std::uint32_t {
  pre_routing = 0,   ///< Received, before it is routed. NF_INET_PRE_ROUTING.
  local_in = 1,      ///< Received for this host. NF_INET_LOCAL_IN.
  forward = 2,       ///< Received for another host. NF_INET_FORWARD.
  local_out = 3,     ///< Sent by this host. NF_INET_LOCAL_OUT.
  post_routing = 4,  ///< On its way out. NF_INET_POST_ROUTING.
};

/// A netfilter link. The kernel tells the same of one that was detached.
struct netfilter_info {
  netfilter_family family{};  ///< Which packets.
  netfilter_hook hook{};      ///< Where on their way.
  std::int32_t priority = 0;  ///< Its place among the others there: the lowest runs first.
  bool defragment = false;    ///< Whether fragments are put together before; kernels before 6.12 may not tell.
};

/// A sockmap link.
struct sockmap_info {
  std::optional<map_id> map;  ///< The map; nothing once the link is detached.
  attach_type hook{};         ///< sk_msg_verdict, sk_skb_stream_parser, sk_skb_stream_verdict or sk_skb_verdict.
};

/// A struct_ops link.
struct struct_ops_info {
  std::optional<map_id> map;  ///< The map whose functions are registered; nothing once the link is detached.
};

/// What kind of event a perf event link holds (enum bpf_perf_event_type).
enum class perf_event_kind : std::uint32_t {
  unspecified = 0,  ///< The kernel does not tell: before Linux 6.6.
  uprobe = 1,       ///< Entry of a user function.
  uretprobe = 2,    ///< Return of a user function.
  kprobe = 3,       ///< Entry of a kernel function.
  kretprobe = 4,    ///< Return of a kernel function.
  tracepoint = 5,   ///< A tracepoint.
  event = 6,        ///< A hardware or software event.
};

/// A perf event link: a tracepoint, kprobe, uprobe or other event.
struct perf_event_info {
  perf_event_kind kind = perf_event_kind::unspecified;  ///< Which.
  std::string name;                       ///< Tracepoint (without its category), kernel function, or file as given.
  std::uint64_t offset = 0;               ///< In the function or file; 0 for tracepoints and events.
  std::uint64_t address = 0;              ///< Kernel functions: where it is; 0 where the kernel hides addresses.
  std::uint64_t missed = 0;               ///< Kernel functions: hits that were lost.
  std::uint64_t semaphore_offset = 0;     ///< User functions: file offset of the reference counter; 0 for none.
  std::uint32_t event_type = 0;           ///< Events: perf_event_attr.type as the kernel uses it.
  std::uint64_t event_config = 0;         ///< Events: perf_event_attr.config.
  std::optional<bpflink::cookie> cookie;  ///< Since Linux 6.9; before, the kernel does not tell.
};

/// One place of a uprobe multi link.
struct uprobe_multi_place {
  std::uint64_t offset = 0;            ///< In the file.
  std::uint64_t semaphore_offset = 0;  ///< File offset of the reference counter; 0 for none.
  bpflink::cookie cookie{0};           ///< What the program reads there.
  /// Member by member.
  [[nodiscard]] friend bool operator==(const uprobe_multi_place&, const uprobe_multi_place&) noexcept = default;
};

/// A uprobe multi link. Linux 6.6 and 6.7 have such links and tell nothing of them: then there are no places, and the
/// other members mean nothing.
struct uprobe_multi_info {
  std::string path;        ///< The file's path now; empty where it is longer than a path may be.
  std::uint32_t pid = 0;   ///< The one process it is for, in the caller's PID namespace; 0 for all.
  bool on_return = false;  ///< At the functions' return instead of their entry.
  std::optional<std::vector<uprobe_multi_place>> places;  ///< Where, in the order given. Since Linux 6.8.
};

/// A link of a kind whose details this library does not know: what the kernel wrote behind the header.
struct unknown_info {
  std::array<std::byte, 112> bytes{};  ///< struct bpf_link_info from byte 16 on.
  std::uint32_t size = 0;              ///< How many of them the kernel wrote.
};

/// What the kernel says of a link.
struct link_info {
  link_type type = link_type::unspecified;  ///< The kind; a number newer than this library is kept as it is.
  link_id id{0};                            ///< Its number on this machine.
  std::optional<program_id> program;        ///< The program attached; nothing for struct_ops.
  /// What is particular to the kind; monostate for kinds that have nothing to tell here.
  std::variant<std::monostate, raw_tracepoint_info, tracing_info, cgroup_info, iterator_info, netns_info, xdp_info,
               tcx_info, netkit_info, netfilter_info, sockmap_info, struct_ops_info, perf_event_info, uprobe_multi_info,
               unknown_info>
      details;

  /// Whether the target is gone or the link was detached; nothing for the kinds where the kernel does not tell.
  [[nodiscard]] BPFLINK_API std::optional<bool> defunct() const noexcept;
};

/// The tools' word: "self_only", "descendants_pre".
[[nodiscard]] BPFLINK_API std::string_view to_string(cgroup_order order) noexcept;
/// The enumerator's name: "ipv4".
[[nodiscard]] BPFLINK_API std::string_view to_string(netfilter_family family) noexcept;
/// The enumerator's name: "local_in".
[[nodiscard]] BPFLINK_API std::string_view to_string(netfilter_hook hook) noexcept;
/// The enumerator's name: "tracepoint".
[[nodiscard]] BPFLINK_API std::string_view to_string(perf_event_kind kind) noexcept;

}  // namespace bpflink
