// SPDX-License-Identifier: MIT
#include "mount_namespace.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>

#include "fd.hpp"

namespace bpflink::test {

child_result in_mount_namespace(const std::function<void()>& f, unsigned seconds) {
  return in_child(
      [&f] {
        if (::unshare(CLONE_NEWNS) != 0) throw_error(errno, "unsharing the mount namespace");
        if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw_error(errno, "making / private");
        f();
      },
      seconds);
}

void hide(const std::string& directory) { mount_at("tmpfs", directory); }

void mount_at(const std::string& type, const std::string& directory) {
  if (::mount("bpflink-test", directory.c_str(), type.c_str(), MS_NOSUID | MS_NODEV, nullptr) != 0) {
    throw_error(errno, "mounting a " + type + " on " + directory);
  }
}

void bind_over(const std::string& source, const std::string& target) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    throw_error(errno, "binding " + source + " over " + target);
  }
}

}  // namespace bpflink::test
