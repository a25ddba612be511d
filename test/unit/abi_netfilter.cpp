// SPDX-License-Identifier: MIT
#include <utility>

#include "abi.hpp"
#include "bpflink/attach/netfilter.hpp"

using namespace bpflink::test;
using bpflink::netfilter_family;
using bpflink::netfilter_hook;
using bpflink::netfilter_priority;

namespace {

constexpr known<netfilter_hook> hooks[] = {
    {"NF_INET_PRE_ROUTING", netfilter_hook::pre_routing},   {"NF_INET_LOCAL_IN", netfilter_hook::local_in},
    {"NF_INET_FORWARD", netfilter_hook::forward},           {"NF_INET_LOCAL_OUT", netfilter_hook::local_out},
    {"NF_INET_POST_ROUTING", netfilter_hook::post_routing},
};

constexpr std::pair<const char*, netfilter_priority> priorities[] = {
    {"NF_IP_PRI_RAW_BEFORE_DEFRAG", netfilter_priority::raw_before_defragment},
    {"NF_IP_PRI_CONNTRACK_DEFRAG", netfilter_priority::defragment},
    {"NF_IP_PRI_RAW", netfilter_priority::raw},
    {"NF_IP_PRI_CONNTRACK", netfilter_priority::conntrack},
    {"NF_IP_PRI_MANGLE", netfilter_priority::mangle},
    {"NF_IP_PRI_NAT_DST", netfilter_priority::nat_destination},
    {"NF_IP_PRI_FILTER", netfilter_priority::filter},
    {"NF_IP_PRI_SECURITY", netfilter_priority::security},
    {"NF_IP_PRI_NAT_SRC", netfilter_priority::nat_source},
};

// Not every kernel's BTF has an enumeration that none of its structures uses.
template <class Ours>
void check_where_told(const char* name, Ours ours) {
  INFO(name);
  const auto theirs = vmlinux_btf::get().value_of(name);
  if (theirs) CHECK(*theirs == static_cast<std::int64_t>(ours));
}

}  // namespace

TEST_CASE("abi: netfilter's hooks, families and priorities are the kernel's", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  for (const auto& row : hooks) check_where_told(row.name, row.ours);
  check_where_told("NF_INET_NUMHOOKS", std::size(hooks));
  check_where_told("NFPROTO_IPV4", netfilter_family::ipv4);
  check_where_told("NFPROTO_IPV6", netfilter_family::ipv6);
  for (const auto& [name, ours] : priorities) check_where_told(name, ours.value());
}
