// SPDX-License-Identifier: MIT
#include "bpffs_fixture.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "fd.hpp"
#include "privileges.hpp"

namespace bpflink::test {

namespace {

constexpr unsigned long bpffs_magic = 0xcafe4a11;
constexpr const char* usual_bpffs = "/sys/fs/bpf";

bool is_bpffs(const char* path) {
  struct statfs info {};
  return ::statfs(path, &info) == 0 && static_cast<std::uint32_t>(info.f_type) == bpffs_magic;
}

std::string temporary_directory() {
  std::string path = "/tmp/bpflink-test-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw_error(errno, "making a directory in /tmp");
  return path;
}

void remove_all(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) report_residue(path + ": " + error.message());
}

}  // namespace

bpffs_fixture::bpffs_fixture() {
  static std::atomic<unsigned> made = 0;
  if (is_bpffs(usual_bpffs)) {
    path_ = std::string(usual_bpffs) + "/bpflink-test-" + std::to_string(::getpid()) + "-" + std::to_string(++made);
    if (::mkdir(path_.c_str(), 0700) != 0) throw_error(errno, "making " + path_);
    return;
  }
  mount_ = temporary_directory();
  if (::mount("bpffs", mount_.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    const int error = errno;
    ::rmdir(mount_.c_str());
    throw_error(error, "mounting a bpf file system on " + mount_);
  }
  // Not the root, in which the kernel has files of its own.
  path_ = mount_ + "/test";
  if (::mkdir(path_.c_str(), 0700) != 0) throw_error(errno, "making " + path_);
}

bpffs_fixture::~bpffs_fixture() {
  remove_all(path_);
  if (mount_.empty()) return;
  if (::umount2(mount_.c_str(), MNT_DETACH) != 0) report_residue("mount " + mount_);
  remove_all(mount_);
}

directory_fixture::directory_fixture() : path_(temporary_directory()) {}

directory_fixture::~directory_fixture() { remove_all(path_); }

bool path_exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

std::string list_directory(const std::string& path) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) names.insert(entry.path().filename().string());
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : " ") + name;
  return joined;
}

}  // namespace bpflink::test
