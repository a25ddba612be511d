// SPDX-License-Identifier: MIT
#include "netns_fixture.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <thread>

#include "rtnetlink.hpp"

namespace bpflink::test {

namespace {

constexpr const char* own_namespace = "/proc/thread-self/ns/net";

std::uint32_t inode_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw_error(errno, "asking for a namespace's inode");
  return static_cast<std::uint32_t>(status.st_ino);
}

}  // namespace

void on_thread(const std::function<void()>& f) {
  std::exception_ptr thrown;
  std::thread([&f, &thrown] {
    try {
      f();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

netns_fixture::netns_fixture() {
  on_thread([this] {
    if (::unshare(CLONE_NEWNET) != 0) throw_error(errno, "making a network namespace");
    set_up("lo");
    namespace_ = must(open_file(own_namespace, O_RDONLY), "opening a network namespace");
  });
}

std::string netns_fixture::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(namespace_.get());
}

std::uint32_t netns_fixture::inode() const { return inode_of(namespace_.get()); }

void netns_fixture::run(const std::function<void()>& f) const {
  on_thread([this, &f] {
    if (::setns(namespace_.get(), CLONE_NEWNET) != 0) throw_error(errno, "entering a network namespace");
    f();
  });
}

std::uint32_t own_netns_inode() {
  const fd own = must(open_file(own_namespace, O_RDONLY), "opening this network namespace");
  return inode_of(own.get());
}

}  // namespace bpflink::test
