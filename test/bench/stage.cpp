// SPDX-License-Identifier: MIT
#include "stage.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "side.hpp"
#include "support/constants.hpp"
#include "support/kernel_version.hpp"
#include "support/raw_bpf.hpp"
#include "support/rtnetlink.hpp"

namespace bpflink::bench {

using test::must;

namespace {

constexpr const char* tracefs = "/sys/kernel/tracing";

}  // namespace

void failed(const char* doing) { throw std::system_error(errno, std::generic_category(), doing); }

void enter_own_namespaces() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) failed("entering namespaces of its own");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) failed("making the mounts private");
  if (!test::path_exists(std::string(tracefs) + "/events")) {
    static_cast<void>(::mount("tracefs", tracefs, "tracefs", 0, nullptr));
  }
}

stage::stage()
    : netns{must(test::open_file("/proc/self/ns/net", O_RDONLY), "opening the network namespace")},
      egress{test::load({.type = test::prog_type::cgroup_skb,
                         .code = test::return_value(1),
                         .expected_attach_type = test::attach_type::cgroup_inet_egress})},
      held_{some_link()} {}

std::uint64_t stage::tracepoint_id() const {
  return std::stoull(
      test::read_file(std::string(tracefs) + "/events/" + tracepoint_category + "/" + tracepoint + "/id"));
}

test::fd stage::some_link() const {
  return must(test::link_create(egress.get(), cgroup.get(), test::attach_type::cgroup_inet_egress),
              "attaching to the cgroup");
}

std::shared_ptr<const std::string> stage::pinned_link() {
  const auto remove = [](const std::string* path) {
    ::unlink(path->c_str());
    delete path;
  };
  const std::shared_ptr<const std::string> path{new std::string{pins / ("pinned" + std::to_string(++pinned_))}, remove};
  if (const int error = test::obj_pin(some_link().get(), *path); error != 0) test::throw_error(error, "pinning");
  return path;
}

test::fd stage::attached_elsewhere(int xdp_program) {
  constexpr std::uint32_t generic_mode = 2;
  const auto number = std::to_string(++interfaces_);
  test::create_veth("kept" + number, "peer" + number);
  const auto interface = static_cast<int>(test::ifindex_of("kept" + number));
  return must(test::link_create(xdp_program, interface, test::attach_type::xdp, generic_mode),
              "attaching to an interface");
}

std::uint32_t stage::socket_map() {
  if (!socket_map_) socket_map_ = must(test::create_map(test::map_type::sockmap, 4, 4, 16), "making a map of sockets");
  return static_cast<std::uint32_t>(socket_map_.get());
}

std::uint32_t stage::netkit() {
  if (netkit_ != 0) return netkit_;
  if (const int error = test::create_netkit("kept", "peer"); error != 0)
    test::throw_error(error, "making a netkit pair");
  return netkit_ = test::ifindex_of("kept");
}

std::string needs_netkit() {
  if (auto reason = test::needs_kernel(6, 7, "netkit"); !reason.empty()) return reason;
  static const int refused = test::create_netkit("tried_near", "tried_far");
  return refused == 0 ? std::string{} : "this kernel makes no netkit pair: " + std::string{std::strerror(refused)};
}

}  // namespace bpflink::bench
