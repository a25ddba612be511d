// SPDX-License-Identifier: MIT
#pragma once

#include <bpflink/bpflink.hpp>
#include <string>

#include "../shared/fence.hpp"

namespace tour {

// A network namespace and a BPF file system that end with this process, and a cgroup that is removed at the end. Where
// a part cannot be had it stays empty, and the stops say what that means.
class world {
 public:
  world();
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  // The cgroup's directory; empty where there is no cgroup v2.
  [[nodiscard]] const std::string& cgroup() const { return cgroup_; }
  // A directory in a BPF file system; empty where none could be mounted.
  [[nodiscard]] const std::string& pins() const { return pins_; }
  // For datagrams that are sent there. It is not in the cgroup, whose programs would have its own datagrams, too.
  [[nodiscard]] const shared::fence& fence() const { return fence_; }

 private:
  shared::fence fence_;
  std::string cgroup_;
  std::string cgroup_before_;
  std::string pins_;
};

}  // namespace tour
