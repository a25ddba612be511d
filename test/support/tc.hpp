// SPDX-License-Identifier: MIT
// Filters of tc, by hand: what the library leaves behind, and what others put there. Interfaces are those of the
// calling thread's network namespace; results are 0 or errno.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bpflink::test {

enum class tc_hook : std::uint32_t { ingress = 0xfffffff2, egress = 0xfffffff3 };

/// The qdisc where clsact would be: "clsact", "ingress", or nothing.
std::string ingress_qdisc(unsigned ifindex);
/// Makes one of these kinds; deletes whichever is there.
int make_qdisc(unsigned ifindex, const std::string& kind);
int delete_qdisc(unsigned ifindex);

struct tc_filter {
  std::uint16_t priority = 0;
  std::uint32_t handle = 0;
  std::uint32_t program_id = 0;  // 0 where it is of another kind
  std::string kind;
  bool direct_action = false;

  bool operator==(const tc_filter&) const = default;
};
/// In the order in which they run.
std::vector<tc_filter> filters(unsigned ifindex, tc_hook hook);

struct tc_request {
  unsigned ifindex = 0;
  tc_hook hook{};
  std::uint16_t priority = 0;  // 0: the kernel's choice
  std::uint32_t handle = 0;    // 0: the kernel's choice, or, to be deleted, all of the priority
  int program_fd = -1;
  std::uint16_t protocol = 3;  // ETH_P_ALL
};
/// A direct-action BPF filter, or another program for one that is there.
int add_filter(const tc_request& request);
int delete_filter(const tc_request& request);

}  // namespace bpflink::test
