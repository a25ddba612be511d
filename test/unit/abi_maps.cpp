// SPDX-License-Identifier: MIT
#include "abi.hpp"
#include "bpflink/attach/sockmap.hpp"
#include "kernel/map.hpp"

using namespace bpflink::test;
using namespace bpflink::kernel;
using bpflink::sockmap_hook;

namespace {

constexpr known<sockmap_hook> sockmap_hooks[] = {
    {"BPF_SK_SKB_STREAM_PARSER", sockmap_hook::stream_parser},
    {"BPF_SK_SKB_STREAM_VERDICT", sockmap_hook::stream_verdict},
    {"BPF_SK_MSG_VERDICT", sockmap_hook::msg_verdict},
    {"BPF_SK_SKB_VERDICT", sockmap_hook::skb_verdict, {5, 13}},
};

}  // namespace

TEST_CASE("abi: sockmap hooks are the kernel's, all of them", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_values<sockmap_hook>("bpf_attach_type", sockmap_hooks);
  check_complete<sockmap_hook>("bpf_attach_type", sockmap_hooks, "BPF_SK_SKB_");
  check_complete<sockmap_hook>("bpf_attach_type", sockmap_hooks, "BPF_SK_MSG_");
}

TEST_CASE("abi: map types are the kernel's", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  const auto& types = vmlinux_btf::get();
  CHECK(types.value_of("BPF_MAP_TYPE_DEVMAP") == map_type_devmap);
  CHECK(types.value_of("BPF_MAP_TYPE_SOCKMAP") == map_type_sockmap);
  CHECK(types.value_of("BPF_MAP_TYPE_CPUMAP") == map_type_cpumap);
  CHECK(types.value_of("BPF_MAP_TYPE_SOCKHASH") == map_type_sockhash);
  CHECK(types.value_of("BPF_MAP_TYPE_DEVMAP_HASH") == map_type_devmap_hash);
}

TEST_CASE("abi: the values of device and CPU maps", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  SKIP_IF(needs_kernel(5, 9, "programs in both"));
  static_assert(std::has_unique_object_representations_v<xdp_entry_value>);
  check_layout("bpf_devmap_val", sizeof(xdp_entry_value),
               {at(&xdp_entry_value::first, "ifindex"), at(&xdp_entry_value::program, "bpf_prog.fd")});
  check_layout("bpf_cpumap_val", sizeof(xdp_entry_value),
               {at(&xdp_entry_value::first, "qsize"), at(&xdp_entry_value::program, "bpf_prog.fd")});
}
