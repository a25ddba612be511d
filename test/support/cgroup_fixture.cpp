// SPDX-License-Identifier: MIT
#include "cgroup_fixture.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "privileges.hpp"

namespace bpflink::test {

namespace {

// The mount point of the first mount of this type.
std::string mounted(const std::string& type) {
  std::istringstream mounts(read_file("/proc/self/mounts"));
  std::string line;
  while (std::getline(mounts, line)) {
    std::istringstream fields(line);
    std::string source;
    std::string directory;
    std::string found;
    if (fields >> source >> directory >> found && found == type) return directory;
  }
  return {};
}

// Where this process is: the line "0::/path" of /proc/self/cgroup.
std::string own_cgroup() {
  std::istringstream lines(read_file("/proc/self/cgroup"));
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with("0::")) return cgroup2_mount() + line.substr(3);
  }
  throw std::runtime_error("this process is in no cgroup of the second version");
}

void move_into(const std::string& cgroup) {
  if (const int error = write_file(cgroup + "/cgroup.procs", "0"); error != 0)
    throw_error(error, "moving to " + cgroup);
}

void make_cgroup(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) throw_error(errno, "making cgroup " + path);
}

// A process that was waited for may be counted in its cgroup for a moment longer.
bool remove_one(const std::string& path) {
  return eventually([&path] { return ::rmdir(path.c_str()) == 0 || errno == ENOENT; });
}

bool remove_tree(const std::string& path) {
  std::vector<std::string> children;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    if (entry.is_directory(ignored)) children.push_back(entry.path().string());
  }
  for (const std::string& child : children) remove_tree(child);
  return remove_one(path);
}

}  // namespace

std::string cgroup2_mount() {
  static const std::string directory = mounted("cgroup2");
  return directory;
}

std::string cgroup1_directory() { return mounted("cgroup"); }

std::string needs_cgroup2() {
  if (std::string reason = needs_root(); !reason.empty()) return reason;
  return cgroup2_mount().empty() ? "needs a mounted cgroup2 file system" : "";
}

std::uint64_t cgroup_id(int directory_fd) {
  // A file_handle, which ends in as many bytes as its owner has room for: here the 8 of a kernfs node's id.
  alignas(file_handle) std::array<std::byte, sizeof(file_handle) + sizeof(std::uint64_t)> bytes{};
  auto* const handle = reinterpret_cast<file_handle*>(bytes.data());
  handle->handle_bytes = sizeof(std::uint64_t);
  int mount = 0;
  if (::name_to_handle_at(directory_fd, "", handle, &mount, AT_EMPTY_PATH) != 0) {
    throw_error(errno, "asking for a cgroup's id");
  }
  std::uint64_t id = 0;
  std::memcpy(&id, bytes.data() + sizeof(file_handle), sizeof(id));
  return id;
}

cgroup_fixture::cgroup_fixture() {
  static std::atomic<unsigned> made = 0;
  if (cgroup2_mount().empty()) throw std::runtime_error("no cgroup2 file system is mounted");
  path_ = cgroup2_mount() + "/bpflink-test-" + std::to_string(::getpid()) + "-" + std::to_string(++made);
  if (::mkdir(path_.c_str(), 0755) != 0) throw_error(errno, "making cgroup " + path_);
  directory_ = must(open_file(path_, O_RDONLY | O_DIRECTORY), "opening cgroup " + path_);
}

cgroup_fixture::~cgroup_fixture() {
  if (!remove_tree(path_)) report_residue("cgroup " + path_);
}

std::uint64_t cgroup_fixture::id() const { return cgroup_id(get()); }

std::string cgroup_fixture::child(const std::string& name) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    make_cgroup(path_ + "/" + name.substr(0, slash));
  }
  make_cgroup(path_ + "/" + name);
  return path_ + "/" + name;
}

void cgroup_fixture::remove() {
  if (!remove_tree(path_)) throw_error(EBUSY, "removing cgroup " + path_);
}

void cgroup_fixture::enter(const std::string& cgroup, const std::function<void()>& f) {
  struct return_home {
    std::string home = own_cgroup();
    ~return_home() {
      if (write_file(home + "/cgroup.procs", "0") != 0) report_residue("this process in another cgroup");
    }
  } guard;
  move_into(cgroup);
  f();
}

child_result cgroup_fixture::in_child_inside(const std::function<void()>& f, unsigned seconds) {
  return in_child(
      [this, &f] {
        move_into(path_);
        f();
      },
      seconds);
}

}  // namespace bpflink::test
