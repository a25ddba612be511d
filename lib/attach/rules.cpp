// SPDX-License-Identifier: MIT
#include "attach/rules.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace bpflink::hooks {

namespace {

// A program type and the attach types it can be loaded for: attach_type_to_prog_type() in kernel/bpf/syscall.c.
struct family {
  program_type type;
  std::span<const attach_type> attach_types;
};

constexpr attach_type cgroup_skb_types[] = {attach_type::cgroup_inet_ingress, attach_type::cgroup_inet_egress};
constexpr attach_type cgroup_sock_types[] = {attach_type::cgroup_inet_sock_create,
                                             attach_type::cgroup_inet_sock_release, attach_type::cgroup_inet4_post_bind,
                                             attach_type::cgroup_inet6_post_bind};
constexpr attach_type sock_ops_types[] = {attach_type::cgroup_sock_ops};
constexpr attach_type cgroup_device_types[] = {attach_type::cgroup_device};
constexpr attach_type cgroup_sock_addr_types[] = {
    attach_type::cgroup_inet4_bind,        attach_type::cgroup_inet6_bind,       attach_type::cgroup_inet4_connect,
    attach_type::cgroup_inet6_connect,     attach_type::cgroup_unix_connect,     attach_type::cgroup_udp4_sendmsg,
    attach_type::cgroup_udp6_sendmsg,      attach_type::cgroup_unix_sendmsg,     attach_type::cgroup_udp4_recvmsg,
    attach_type::cgroup_udp6_recvmsg,      attach_type::cgroup_unix_recvmsg,     attach_type::cgroup_inet4_getpeername,
    attach_type::cgroup_inet6_getpeername, attach_type::cgroup_unix_getpeername, attach_type::cgroup_inet4_getsockname,
    attach_type::cgroup_inet6_getsockname, attach_type::cgroup_unix_getsockname};
constexpr attach_type cgroup_sysctl_types[] = {attach_type::cgroup_sysctl};
constexpr attach_type cgroup_sockopt_types[] = {attach_type::cgroup_getsockopt, attach_type::cgroup_setsockopt};
constexpr attach_type sk_lookup_types[] = {attach_type::sk_lookup};
constexpr attach_type flow_dissector_types[] = {attach_type::flow_dissector};
constexpr attach_type sk_skb_types[] = {attach_type::sk_skb_stream_parser, attach_type::sk_skb_stream_verdict,
                                        attach_type::sk_skb_verdict};
constexpr attach_type sk_msg_types[] = {attach_type::sk_msg_verdict};
constexpr attach_type lirc_mode2_types[] = {attach_type::lirc_mode2};
constexpr attach_type xdp_types[] = {attach_type::xdp, attach_type::xdp_devmap, attach_type::xdp_cpumap};
constexpr attach_type sched_cls_types[] = {attach_type::tcx_ingress, attach_type::tcx_egress,
                                           attach_type::netkit_primary, attach_type::netkit_peer};
constexpr attach_type netfilter_types[] = {attach_type::netfilter};
constexpr attach_type kprobe_types[] = {attach_type::trace_kprobe_multi, attach_type::trace_kprobe_session,
                                        attach_type::trace_uprobe_multi, attach_type::trace_uprobe_session};
constexpr attach_type sk_reuseport_types[] = {attach_type::sk_reuseport_select,
                                              attach_type::sk_reuseport_select_or_migrate};
constexpr attach_type tracing_types[] = {attach_type::trace_iter, attach_type::trace_raw_tp, attach_type::trace_fentry,
                                         attach_type::trace_fexit, attach_type::modify_return};
constexpr attach_type lsm_types[] = {attach_type::lsm_mac, attach_type::lsm_cgroup};

constexpr family families[] = {
    {program_type::cgroup_skb, cgroup_skb_types},
    {program_type::cgroup_sock, cgroup_sock_types},
    {program_type::sock_ops, sock_ops_types},
    {program_type::cgroup_device, cgroup_device_types},
    {program_type::cgroup_sock_addr, cgroup_sock_addr_types},
    {program_type::cgroup_sysctl, cgroup_sysctl_types},
    {program_type::cgroup_sockopt, cgroup_sockopt_types},
    {program_type::sk_lookup, sk_lookup_types},
    {program_type::flow_dissector, flow_dissector_types},
    {program_type::sk_skb, sk_skb_types},
    {program_type::sk_msg, sk_msg_types},
    {program_type::lirc_mode2, lirc_mode2_types},
    {program_type::xdp, xdp_types},
    {program_type::sched_cls, sched_cls_types},
    {program_type::netfilter, netfilter_types},
    {program_type::kprobe, kprobe_types},
    {program_type::sk_reuseport, sk_reuseport_types},
    {program_type::tracing, tracing_types},
    {program_type::lsm, lsm_types},
};

// Where BPF_PERF_EVENT links take programs, perf_event_set_bpf_prog() decides by the event.
constexpr program_type perf_event_programs[] = {program_type::kprobe, program_type::tracepoint,
                                                program_type::perf_event};
constexpr program_type raw_tracepoint_programs[] = {program_type::raw_tracepoint,
                                                    program_type::raw_tracepoint_writable};

// By attach type: which row of `families`, from 1; 0 for none. What attaches without a link asks for it again and
// again.
constexpr auto family_numbers = [] {
  std::array<std::uint8_t, 64> numbers{};
  for (std::uint8_t row = std::size(families); row > 0; --row) {
    for (const auto where : families[row - 1].attach_types) numbers[static_cast<std::size_t>(where)] = row;
  }
  return numbers;
}();

constexpr const family* family_of(attach_type where) noexcept {
  const auto index = static_cast<std::size_t>(where);
  const auto number = index < family_numbers.size() ? family_numbers[index] : std::uint8_t{0};
  return number != 0 ? &families[number - 1] : nullptr;
}

constexpr link_type kind_of_link_at(attach_type where) noexcept {
  switch (where) {
    case attach_type::sk_lookup:
    case attach_type::flow_dissector:
      return link_type::netns;
    case attach_type::xdp:
      return link_type::xdp;
    case attach_type::tcx_ingress:
    case attach_type::tcx_egress:
      return link_type::tcx;
    case attach_type::netkit_primary:
    case attach_type::netkit_peer:
      return link_type::netkit;
    case attach_type::netfilter:
      return link_type::netfilter;
    case attach_type::struct_ops:
      return link_type::struct_ops;
    case attach_type::perf_event:
      return link_type::perf_event;
    case attach_type::trace_iter:
      return link_type::iterator;
    case attach_type::trace_raw_tp:
      return link_type::raw_tracepoint;
    case attach_type::trace_fentry:
    case attach_type::trace_fexit:
    case attach_type::modify_return:
    case attach_type::lsm_mac:
      return link_type::tracing;
    case attach_type::lsm_cgroup:
      return link_type::cgroup;
    case attach_type::trace_kprobe_multi:
    case attach_type::trace_kprobe_session:
      return link_type::kprobe_multi;
    case attach_type::trace_uprobe_multi:
    case attach_type::trace_uprobe_session:
      return link_type::uprobe_multi;
    case attach_type::sk_msg_verdict:
    case attach_type::sk_skb_stream_parser:
    case attach_type::sk_skb_stream_verdict:
    case attach_type::sk_skb_verdict:
      return link_type::sockmap;
    default:
      break;
  }
  const auto* const row = family_of(where);
  return row != nullptr && is_of_cgroups(row->type) ? link_type::cgroup : link_type::unspecified;
}

constexpr auto link_kinds = [] {
  std::array<link_type, family_numbers.size()> kinds{};
  for (std::size_t index = 0; index < kinds.size(); ++index)
    kinds[index] = kind_of_link_at(static_cast<attach_type>(index));
  return kinds;
}();

}  // namespace

std::span<const program_type> programs_of(attach_type where) noexcept {
  if (where == attach_type::perf_event) return perf_event_programs;
  const auto* const row = family_of(where);
  return row != nullptr ? std::span{&row->type, 1} : std::span<const program_type>{};
}

std::span<const program_type> programs_of(link_type kind, std::uint32_t place) noexcept {
  switch (kind) {
    case link_type::raw_tracepoint:
      return raw_tracepoint_programs;
    case link_type::iterator:
      return programs_of(attach_type::trace_iter);
    case link_type::xdp:
      return programs_of(attach_type::xdp);
    case link_type::perf_event:
      return perf_event_programs;
    case link_type::cgroup:
    case link_type::netns:
    case link_type::sockmap:
      // Adopted links do not know their hook; attach type 0 is a cgroup's, so a kind without it cannot be misread.
      if (place == 0) return {};
      return programs_of(static_cast<attach_type>(place));
    case link_type::tcx:
    case link_type::netkit:
      return programs_of(attach_type::tcx_ingress);
    case link_type::netfilter:
      return programs_of(attach_type::netfilter);
    case link_type::kprobe_multi:
    case link_type::uprobe_multi:
      return programs_of(attach_type::trace_uprobe_multi);
    default:
      return {};
  }
}

std::span<const attach_type> attach_types_of(program_type type) noexcept {
  for (const auto& row : families) {
    if (row.type == type) return row.attach_types;
  }
  return {};
}

std::optional<kernel_version> since(attach_type where) noexcept {
  switch (where) {
    case attach_type::cgroup_inet_ingress:
    case attach_type::cgroup_inet_egress:
    case attach_type::cgroup_inet_sock_create:
      return kernel_version{4, 10};
    case attach_type::cgroup_sock_ops:
      return kernel_version{4, 13};
    case attach_type::sk_skb_stream_parser:
    case attach_type::sk_skb_stream_verdict:
      return kernel_version{4, 14};
    case attach_type::cgroup_device:
      return kernel_version{4, 15};
    case attach_type::cgroup_inet4_bind:
    case attach_type::cgroup_inet6_bind:
    case attach_type::cgroup_inet4_connect:
    case attach_type::cgroup_inet6_connect:
    case attach_type::cgroup_inet4_post_bind:
    case attach_type::cgroup_inet6_post_bind:
    case attach_type::sk_msg_verdict:
      return kernel_version{4, 17};
    case attach_type::cgroup_udp4_sendmsg:
    case attach_type::cgroup_udp6_sendmsg:
      return kernel_version{4, 18};
    case attach_type::cgroup_sysctl:
    case attach_type::cgroup_udp4_recvmsg:
    case attach_type::cgroup_udp6_recvmsg:
      return kernel_version{5, 2};
    case attach_type::cgroup_getsockopt:
    case attach_type::cgroup_setsockopt:
      return kernel_version{5, 3};
    case attach_type::cgroup_inet4_getpeername:
    case attach_type::cgroup_inet6_getpeername:
    case attach_type::cgroup_inet4_getsockname:
    case attach_type::cgroup_inet6_getsockname:
      return kernel_version{5, 8};
    case attach_type::cgroup_inet_sock_release:
      return kernel_version{5, 9};
    case attach_type::sk_skb_verdict:
      return kernel_version{5, 13};
    case attach_type::sk_reuseport_select:
    case attach_type::sk_reuseport_select_or_migrate:
      return kernel_version{5, 14};
    case attach_type::cgroup_unix_connect:
    case attach_type::cgroup_unix_sendmsg:
    case attach_type::cgroup_unix_recvmsg:
    case attach_type::cgroup_unix_getpeername:
    case attach_type::cgroup_unix_getsockname:
      return kernel_version{6, 7};
    default:
      return std::nullopt;
  }
}

link_type link_of(attach_type where) noexcept {
  const auto index = static_cast<std::size_t>(where);
  return index < link_kinds.size() ? link_kinds[index] : link_type::unspecified;
}

}  // namespace bpflink::hooks
