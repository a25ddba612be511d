// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/bpffs_fixture.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/fd.hpp"

namespace bpflink::bench {

/// Puts this process into network and mount namespaces of its own, which end with it.
void enter_own_namespaces();

/// What the rows share: places to do things in, and links to do things with.
class stage {
 public:
  stage();

  static constexpr const char* tracepoint = "task_rename";
  static constexpr const char* tracepoint_category = "task";
  static constexpr std::uint32_t loopback = 1;

  [[nodiscard]] std::uint64_t tracepoint_id() const;

  /// A link of the cgroup, and the path of a pinned one, which is gone with its last owner.
  [[nodiscard]] test::fd some_link() const;
  [[nodiscard]] std::shared_ptr<const std::string> pinned_link();

  /// Attaches an XDP program to an interface that nobody else uses. For each program on its own: at a program's first
  /// interface the kernel rebuilds its dispatcher, which takes a grace period.
  [[nodiscard]] test::fd attached_elsewhere(int xdp_program);

  /// A map of sockets, without programs.
  [[nodiscard]] std::uint32_t socket_map();

  /// The primary end of a pair that nobody else uses.
  [[nodiscard]] std::uint32_t netkit();

  test::cgroup_fixture cgroup;
  test::bpffs_fixture pins;
  test::directory_fixture files;
  test::fd netns;
  test::fd egress;

 private:
  test::fd held_;
  test::fd socket_map_;
  unsigned pinned_ = 0;
  unsigned interfaces_ = 0;
  std::uint32_t netkit_ = 0;
};

/// Why no netkit pair can be made in the namespace that was entered; empty where one can.
std::string needs_netkit();

}  // namespace bpflink::bench
