// SPDX-License-Identifier: MIT
#include "world.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace tour {

namespace {

volatile std::sig_atomic_t signalled = 0;

void on_signal(int) { signalled = 1; }

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

void bring_up_loopback() {
  const auto socket = bpflink::unique_fd::adopt(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq interface {};
  std::snprintf(interface.ifr_name, sizeof interface.ifr_name, "lo");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &interface) < 0) return;
  interface.ifr_flags = static_cast<short>(interface.ifr_flags | IFF_UP);
  static_cast<void>(::ioctl(socket.get(), SIOCSIFFLAGS, &interface));
}

}  // namespace

bool interrupted() { return signalled != 0; }

world::world() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);

  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0) {
    bring_up_loopback();
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
