// SPDX-License-Identifier: MIT
#include "bpflink/features.hpp"

#include <array>
#include <atomic>
#include <cerrno>

#include "features/probes.hpp"
#include "word.hpp"

namespace bpflink {

namespace {

struct row {
  feature what;
  kernel_version since;
  std::string_view name;
  std::string_view description;
};

constexpr std::array<row, feature_count> table{{
    {feature::prog_attach, {4, 10}, "prog_attach", "cgroup programs (BPF_PROG_ATTACH)"},
    {feature::prog_attach_multi, {4, 15}, "prog_attach_multi", "several programs at a cgroup hook (BPF_F_ALLOW_MULTI)"},
    {feature::prog_attach_replace,
     {5, 6},
     "prog_attach_replace",
     "atomic replacement at a cgroup hook (BPF_F_REPLACE)"},
    {feature::prog_query, {4, 15}, "prog_query", "queries of attached programs (BPF_PROG_QUERY)"},
    {feature::object_info, {4, 13}, "object_info", "information on programs (BPF_OBJ_GET_INFO_BY_FD)"},
    {feature::raw_tracepoint, {4, 17}, "raw_tracepoint", "raw tracepoints (BPF_RAW_TRACEPOINT_OPEN)"},
    {feature::raw_tracepoint_writable, {5, 2}, "raw_tracepoint_writable", "writable raw tracepoints"},
    {feature::raw_tracepoint_cookie, {6, 10}, "raw_tracepoint_cookie", "cookies for raw tracepoints"},
    {feature::flow_dissector, {4, 20}, "flow_dissector", "flow dissector programs"},
    {feature::bpf_link, {5, 7}, "bpf_link", "links (BPF_LINK_CREATE)"},
    {feature::link_info, {5, 8}, "link_info", "information on links, and links by id"},
    {feature::link_detach, {5, 9}, "link_detach", "forced detachment of links (BPF_LINK_DETACH)"},
    {feature::netns_links, {5, 8}, "netns_links", "links to network namespaces"},
    {feature::sk_lookup, {5, 9}, "sk_lookup", "socket lookup programs"},
    {feature::iterator, {5, 8}, "iterator", "BPF iterators (BPF_ITER_CREATE)"},
    {feature::iterator_cgroup, {6, 1}, "iterator_cgroup", "iterators over cgroups"},
    {feature::iterator_task_parameters, {6, 1}, "iterator_task_parameters", "iterators over one thread or process"},
    {feature::xdp_links, {5, 9}, "xdp_links", "XDP links"},
    {feature::perf_links, {5, 15}, "perf_links", "links of perf events, and their cookies"},
    {feature::uprobe_multi, {6, 6}, "uprobe_multi", "links of many user functions (uprobe multi)"},
    {feature::uprobe_multi_process,
     {6, 10},
     "uprobe_multi_process",
     "a process filter of uprobe multi links that covers all threads"},
    {feature::cgroup_order, {6, 17}, "cgroup_order", "positions and revisions at cgroup hooks"},
    {feature::cgroup_preorder, {6, 15}, "cgroup_preorder", "programs of a cgroup that run before those below it"},
    {feature::tcx_links, {6, 6}, "tcx_links", "links to an interface at tc (tcx)"},
    {feature::netkit_links, {6, 7}, "netkit_links", "links to netkit devices"},
    {feature::netfilter_links, {6, 4}, "netfilter_links", "links to netfilter hooks"},
    {feature::netfilter_defragment, {6, 6}, "netfilter_defragment", "netfilter links with defragmentation"},
    {feature::sockmap_links, {6, 10}, "sockmap_links", "links to sockmaps"},
    {feature::struct_ops, {5, 6}, "struct_ops", "tables of functions that BPF implements (struct_ops)"},
    {feature::struct_ops_links, {6, 4}, "struct_ops_links", "links of struct_ops"},
}};

constexpr bool in_order() noexcept {
  for (std::size_t index = 0; index < table.size(); ++index) {
    if (static_cast<std::size_t>(table[index].what) != index) return false;
  }
  return true;
}
static_assert(in_order());

const row& row_of(feature what) noexcept {
  const auto index = static_cast<std::size_t>(what);
  return table[index < table.size() ? index : 0];
}

// What was found out, for the process. 0: not asked yet. Two threads that ask at once find the same.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the one memory that there is
std::array<std::atomic<unsigned char>, feature_count> remembered{};

}  // namespace

availability probe(feature what) noexcept {
  auto& memory = remembered[static_cast<std::size_t>(row_of(what).what)];
  if (const auto known = memory.load(std::memory_order_relaxed); known != 0) {
    return static_cast<availability>(known - 1);
  }
  const int kept = errno;
  const auto answer = features::ask(what);
  errno = kept;
  if (answer == availability::yes || answer == availability::no) {
    memory.store(static_cast<unsigned char>(static_cast<unsigned>(answer) + 1), std::memory_order_relaxed);
  }
  return answer;
}

kernel_version since(feature what) noexcept { return row_of(what).since; }

std::span<feature_report> report_features(std::span<feature_report> rows) noexcept {
  std::size_t count = 0;
  for (; count < rows.size() && count < table.size(); ++count) {
    rows[count] = {table[count].what, probe(table[count].what), table[count].since};
  }
  return rows.first(count);
}

std::string_view to_string(feature what) noexcept { return row_of(what).name; }
std::string_view description(feature what) noexcept { return row_of(what).description; }

std::string_view to_string(availability answer) noexcept {
  static constexpr std::array<std::string_view, 4> words{"yes", "no", "forbidden", "unknown"};
  return word(words, answer);
}

}  // namespace bpflink
