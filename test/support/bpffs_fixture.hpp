// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace bpflink::test {

/// A directory of our own in a bpf file system: below /sys/fs/bpf if that is one, else on a mount of our own below
/// /tmp. Removed with everything in it at the end.
class bpffs_fixture {
 public:
  bpffs_fixture();
  bpffs_fixture(const bpffs_fixture&) = delete;
  bpffs_fixture& operator=(const bpffs_fixture&) = delete;
  ~bpffs_fixture();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// A path in it.
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  std::string mount_;  // empty where there was one already
};

/// A plain directory of our own in /tmp, removed with everything in it at the end.
class directory_fixture {
 public:
  directory_fixture();
  directory_fixture(const directory_fixture&) = delete;
  directory_fixture& operator=(const directory_fixture&) = delete;
  ~directory_fixture();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Whether this name exists, by lstat(2).
bool path_exists(const std::string& path);
/// The names in a directory, sorted and joined by blanks; "" if it is empty.
std::string list_directory(const std::string& path);

}  // namespace bpflink::test
