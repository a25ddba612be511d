// SPDX-License-Identifier: MIT
#pragma once

#include <bpflink/bpflink.hpp>
#include <string>

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

 private:
  std::string cgroup_;
  std::string cgroup_before_;
  std::string pins_;
};

// Whether SIGINT or SIGTERM came: the tour then ends at the next stop, and cleans up.
[[nodiscard]] bool interrupted();

}  // namespace tour
