// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "child.hpp"
#include "fd.hpp"

namespace bpflink::test {

/// Where cgroup v2 is mounted, "" if nowhere.
std::string cgroup2_mount();
/// For SKIP_IF: empty where a cgroup_fixture can be made, else why not.
std::string needs_cgroup2();
/// A directory of a cgroup v1 hierarchy, "" where there is none.
std::string cgroup1_directory();

/// A cgroup of our own, bpflink-test-<pid>-<n>, removed with its children at the end.
class cgroup_fixture {
 public:
  cgroup_fixture();
  cgroup_fixture(const cgroup_fixture&) = delete;
  cgroup_fixture& operator=(const cgroup_fixture&) = delete;
  ~cgroup_fixture();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Of the directory.
  [[nodiscard]] int get() const { return directory_.get(); }
  /// What bpf_link_info calls cgroup_id.
  [[nodiscard]] std::uint64_t id() const;

  /// Makes a cgroup below this one and returns its path; "a/b" makes both.
  std::string child(const std::string& name);
  /// Removes the cgroup now (it has to be empty); the descriptor stays.
  void remove();

  /// Moves this process in, runs f, and moves it back. A socket belongs to the cgroup that it was made in, wherever
  /// its process goes afterwards.
  void enter(const std::function<void()>& f) { enter(path_, f); }
  static void enter(const std::string& cgroup, const std::function<void()>& f);
  /// Runs f in a forked child that is in the cgroup.
  child_result in_child_inside(const std::function<void()>& f, unsigned seconds = 60);

 private:
  std::string path_;
  fd directory_;
};

/// A cgroup's id by a descriptor of its directory.
std::uint64_t cgroup_id(int directory_fd);

}  // namespace bpflink::test
