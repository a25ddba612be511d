// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "side.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/fd.hpp"

namespace bpflink::bench {

/// Puts this process into network and mount namespaces of its own, which end with it.
void enter_own_namespaces();

/// Why the operation cannot be measured here; empty where it can.
std::string unmeasurable(operation what);

/// What the operations are done to, and programs to do it with. At each hook a link is held open for as long as this
/// lives: the first one would have the kernel patch its own code.
class stage {
 public:
  stage();

  static constexpr const char* tracepoint = "task_rename";
  static constexpr const char* tracepoint_category = "task";
  static constexpr int interface = 1;  // lo
  static constexpr std::uint64_t probe_offset = 4096;

  /// A link of the cgroup, for operations on links, and the path of a pinned one. Gone with their last owner.
  [[nodiscard]] std::shared_ptr<test::fd> some_link() const;
  [[nodiscard]] std::shared_ptr<const std::string> pinned_link();

  /// Keeps an XDP program attached elsewhere: at a program's first interface the kernel rebuilds its dispatcher, which
  /// takes a grace period.
  void keep_attached(int xdp_program);

  test::cgroup_fixture cgroup;
  test::bpffs_fixture pins;
  test::directory_fixture files;
  test::fd netns;
  std::uint64_t tracepoint_id = 0;
  /// A file that nobody executes, with room for the probe.
  std::string probed;
  /// 4,096 elements.
  test::fd map;

  test::fd egress;
  test::fd other_egress;
  test::fd sk_lookup;
  test::fd raw_tracepoint_program;
  /// A program can be at a tracepoint once only.
  std::array<test::fd, keepable> tracepoint_programs;
  test::fd xdp;
  test::fd uprobe;
  test::fd iterator;

 private:
  void hold(test::fd link) { held_.push_back(std::move(link)); }
  void prepare_cgroup();
  void prepare_netns();
  void prepare_tracepoints();
  void prepare_uprobe();
  void prepare_iterator();
  std::vector<test::fd> held_;
  unsigned pinned_ = 0;
  unsigned xdp_kept_ = 0;
};

}  // namespace bpflink::bench
