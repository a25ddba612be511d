// SPDX-License-Identifier: MIT
#include "load/types.hpp"

#include <algorithm>

namespace bpflink::loading {

namespace {

constexpr attach_type any{};

using enum privilege;

constexpr type_facts facts[] = {
    {program_type::socket_filter, {3, 19}, none, false, any},
    {program_type::kprobe, {4, 1}, perfmon, false, any},
    {program_type::sched_cls, {4, 1}, net_admin, false, any},
    {program_type::sched_act, {4, 1}, net_admin, false, any},
    {program_type::tracepoint, {4, 7}, perfmon, false, any},
    {program_type::xdp, {4, 8}, net_admin, false, any},
    {program_type::perf_event, {4, 9}, perfmon, false, any},
    {program_type::cgroup_skb, {4, 10}, none, false, any},
    {program_type::cgroup_sock, {4, 10}, net_admin, false, any},
    {program_type::lwt_in, {4, 10}, net_admin, false, any},
    {program_type::lwt_out, {4, 10}, net_admin, false, any},
    {program_type::lwt_xmit, {4, 10}, net_admin, false, any},
    {program_type::sock_ops, {4, 13}, net_admin, false, any},
    {program_type::sk_skb, {4, 14}, net_admin, false, any},
    {program_type::cgroup_device, {4, 15}, net_admin, false, any},
    {program_type::sk_msg, {4, 17}, net_admin, false, any},
    {program_type::raw_tracepoint, {4, 17}, perfmon, false, any},
    {program_type::cgroup_sock_addr, {4, 17}, net_admin, false, attach_type::cgroup_inet4_connect},
    {program_type::lwt_seg6local, {4, 18}, net_admin, false, any},
    {program_type::lirc_mode2, {4, 18}, none, false, any},
    {program_type::sk_reuseport, {4, 19}, none, false, any},
    {program_type::flow_dissector, {4, 20}, net_admin, false, any},
    {program_type::cgroup_sysctl, {5, 2}, net_admin, false, any},
    {program_type::raw_tracepoint_writable, {5, 2}, perfmon, false, any},
    {program_type::cgroup_sockopt, {5, 3}, net_admin, false, attach_type::cgroup_getsockopt},
    {program_type::tracing, {5, 5}, perfmon, true, attach_type::trace_raw_tp},
    {program_type::struct_ops, {5, 6}, perfmon, true, any},
    {program_type::ext, {5, 6}, both, true, any},
    {program_type::lsm, {5, 7}, perfmon, true, attach_type::lsm_mac},
    {program_type::sk_lookup, {5, 9}, none, false, attach_type::sk_lookup},
    {program_type::syscall, {5, 14}, none, false, any},
    {program_type::netfilter, {6, 4}, net_admin, false, attach_type::netfilter},
};

}  // namespace

const type_facts* facts_of(program_type type) noexcept {
  const auto* const found =
      std::find_if(std::begin(facts), std::end(facts), [type](const type_facts& row) { return row.type == type; });
  return found != std::end(facts) ? found : nullptr;
}

std::optional<target_rule> rule_for(program_type type, std::optional<attach_type> where) noexcept {
  // A struct_ops program's expected attach type is the number of a member.
  if (type == program_type::struct_ops) return target_rule{btf::kind::structure, "", "structure"};
  if (type == program_type::ext) return target_rule{btf::kind::function, "", "function"};
  if (!where) return std::nullopt;
  switch (*where) {
    case attach_type::trace_iter:
      return target_rule{btf::kind::function, "bpf_iter_", "iterator target"};
    case attach_type::trace_raw_tp:
      return target_rule{btf::kind::alias, "btf_trace_", "tracepoint"};
    case attach_type::lsm_mac:
    case attach_type::lsm_cgroup:
      return target_rule{btf::kind::function, "bpf_lsm_", "LSM hook"};
    case attach_type::trace_fentry:
    case attach_type::trace_fexit:
    case attach_type::modify_return:
      return target_rule{btf::kind::function, "", "function"};
    default:
      return std::nullopt;
  }
}

bool by_trampoline(program_type type, std::optional<attach_type> where) noexcept {
  if (type == program_type::ext || type == program_type::lsm) return true;
  return type == program_type::tracing && where != attach_type::trace_iter && where != attach_type::trace_raw_tp;
}

}  // namespace bpflink::loading
