// SPDX-License-Identifier: MIT
#include "world.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "../shared/interrupts.hpp"
#include "../shared/network.hpp"

namespace tour {

namespace {

std::string cgroup2_mount() {
  std::ifstream mounts{"/proc/mounts"};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields{line};
    std::string device;
    std::string where;
    std::string type;
    if (fields >> device >> where >> type && type == "cgroup2") return where;
  }
  return {};
}

// The path of the cgroup v2 that this process is in: "0::/user.slice".
std::string own_cgroup() {
  std::ifstream groups{"/proc/self/cgroup"};
  for (std::string line; std::getline(groups, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

bool write(const std::string& path, const std::string& words) {
  const auto file = bpflink::unique_fd::adopt(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), words.data(), words.size()) == static_cast<ssize_t>(words.size());
}

}  // namespace

world::world() {
  shared::watch_for_interrupts();

  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0) {
    static_cast<void>(shared::bring_up_loopback());
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::mount("bpf", "/tmp", "bpf", 0, nullptr) == 0) pins_ = "/tmp";
    // Most systems have tracefs mounted; where not, this process has a mount of its own.
    if (::access("/sys/kernel/tracing/events", F_OK) < 0) {
      ::mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, nullptr);
    }
  }

  const auto mount = cgroup2_mount();
  if (mount.empty()) return;
  cgroup_before_ = mount + own_cgroup();
  const auto path = fmt::format("{}/bpflink-tour-{}", mount, ::getpid());
  if (::mkdir(path.c_str(), 0755) < 0) return;
  cgroup_ = path;
  write(cgroup_ + "/cgroup.procs", "0");
}

world::~world() {
  if (cgroup_.empty()) return;
  write(cgroup_before_ + "/cgroup.procs", "0");
  if (::rmdir(cgroup_.c_str()) < 0) std::perror(cgroup_.c_str());
}

}  // namespace tour
