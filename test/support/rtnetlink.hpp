// SPDX-License-Identifier: MIT
// Interfaces of the calling thread's network namespace: for use inside netns_fixture::run.
#pragma once

#include <cstdint>
#include <string>

namespace bpflink::test {

/// For SKIP_IF: empty where veth pairs can be made, else why not.
std::string needs_veth();

/// A veth pair, both ends up: what one sends from now on arrives at the other.
void create_veth(const std::string& name, const std::string& peer);
/// A netkit device and its peer; 0 or errno.
int create_netkit(const std::string& name, const std::string& peer);
/// A bond, which is up then, with an interface as its port. 0 or errno.
int create_bond(const std::string& name, const std::string& port);
/// A MACVLAN on an interface, which is up then: stacked on it, without being its master. 0 or errno.
int create_macvlan(const std::string& name, const std::string& lower);
void delete_interface(const std::string& name);
void set_up(const std::string& name);
/// 0 if there is none of this name.
unsigned ifindex_of(const std::string& name);

struct xdp_state {
  std::uint8_t attached = 0;  // 0 none, 1 native, 2 generic, 3 offload, 4 several
  std::uint32_t program_id = 0;
};
/// As RTM_GETLINK tells it: also what netlink attached, which no link shows.
xdp_state xdp_of(unsigned ifindex);
/// Attaches by netlink (IFLA_XDP), or detaches with program_fd -1; XDP_FLAGS_SKB_MODE is 2. 0 or errno.
int netlink_xdp(unsigned ifindex, int program_fd, std::uint32_t flags);

}  // namespace bpflink::test
