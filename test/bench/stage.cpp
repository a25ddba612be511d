// SPDX-License-Identifier: MIT
#include "stage.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "raw_calls.hpp"
#include "support/kernel_version.hpp"
#include "support/raw_bpf.hpp"
#include "support/rtnetlink.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink::bench {

using test::at_least;
using test::must;

namespace {

constexpr const char* tracefs = "/sys/kernel/tracing";
constexpr std::uint32_t elements = 4096;
constexpr std::uint32_t multi_uprobe_type = test::attach_type::trace_uprobe_multi;

test::fd load(std::uint32_t type, std::uint32_t expected_attach_type, std::int32_t value, const char* name) {
  return test::load(
      {.type = type, .code = test::return_value(value), .expected_attach_type = expected_attach_type, .name = name});
}

}  // namespace

void failed(const char* doing) { throw std::system_error(errno, std::generic_category(), doing); }

void enter_own_namespaces() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) failed("entering namespaces of its own");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) failed("making the mounts private");
  if (!test::path_exists(std::string(tracefs) + "/events")) {
    static_cast<void>(::mount("tracefs", tracefs, "tracefs", 0, nullptr));
  }
}

std::string unmeasurable(operation what) {
  switch (what) {
    case operation::info:
      return test::needs_kernel(5, 8, "information on links");
    case operation::detach:
      return test::needs_kernel(5, 9, "BPF_LINK_DETACH");
    case operation::attach_netns:
      return test::needs_kernel(5, 9, "sk_lookup");
    case operation::attach_xdp:
      if (auto reason = test::needs_kernel(5, 9, "XDP links"); !reason.empty()) return reason;
      return test::needs_veth();
    case operation::attach_tracepoint:
      return test::needs_kernel(5, 15, "perf event links");
    case operation::attach_uprobe_multi:
      return test::needs_kernel(6, 6, "uprobe multi links");
    case operation::read_iterator:
      if (auto reason = test::needs_kernel(5, 9, "map iterators"); !reason.empty()) return reason;
      return test::needs_vmlinux_btf();
    default:
      return test::needs_kernel(5, 7, "bpf_link");
  }
}

stage::stage() {
  prepare_cgroup();
  prepare_netns();
  prepare_tracepoints();
  if (unmeasurable(operation::attach_uprobe_multi).empty()) prepare_uprobe();
  if (unmeasurable(operation::read_iterator).empty()) prepare_iterator();
}

std::shared_ptr<test::fd> stage::some_link() const {
  return std::make_shared<test::fd>(must(
      test::link_create(egress.get(), cgroup.get(), test::attach_type::cgroup_inet_egress), "attaching to the cgroup"));
}

std::shared_ptr<const std::string> stage::pinned_link() {
  const auto remove = [](const std::string* path) {
    ::unlink(path->c_str());
    delete path;
  };
  const std::shared_ptr<const std::string> path{new std::string{pins / ("pinned" + std::to_string(++pinned_))}, remove};
  if (const int error = test::obj_pin(some_link()->get(), *path); error != 0) test::throw_error(error, "pinning");
  return path;
}

void stage::prepare_cgroup() {
  constexpr std::uint32_t hook = test::attach_type::cgroup_inet_egress;
  egress = load(test::prog_type::cgroup_skb, hook, 1, "bench_egress");
  other_egress = load(test::prog_type::cgroup_skb, hook, 1, "bench_egress_2");
  hold(must(test::link_create(other_egress.get(), cgroup.get(), hook), "attaching to the cgroup"));
}

void stage::prepare_netns() {
  netns = must(test::open_file("/proc/self/ns/net", O_RDONLY), "opening the network namespace");
  if (unmeasurable(operation::attach_netns).empty()) {
    sk_lookup = load(test::prog_type::sk_lookup, test::attach_type::sk_lookup, 1, "bench_lookup");
    hold(must(test::link_create(sk_lookup.get(), netns.get(), test::attach_type::sk_lookup),
              "attaching to the network namespace"));
  }
  if (unmeasurable(operation::attach_xdp).empty()) {
    xdp = load(test::prog_type::xdp, test::attach_type::xdp, 2, "bench_xdp");
    test::create_veth("kept1", "kept2");
    keep_attached(xdp.get());
  }
}

void stage::keep_attached(int xdp_program) {
  // An interface has one link for each mode.
  constexpr std::uint32_t generic_mode = 2;
  const auto interface_name = "kept" + std::to_string(++xdp_kept_);
  hold(must(test::link_create(xdp_program, static_cast<int>(test::ifindex_of(interface_name)), test::attach_type::xdp,
                              generic_mode),
            "attaching to an interface"));
}

void stage::prepare_tracepoints() {
  raw_tracepoint_program = load(test::prog_type::raw_tracepoint, 0, 0, "bench_raw_tp");
  hold(must(test::raw_tracepoint_open(tracepoint, raw_tracepoint_program.get()), "attaching to a raw tracepoint"));
  if (!unmeasurable(operation::attach_tracepoint).empty()) return;

  for (auto& program : tracepoint_programs) program = load(test::prog_type::tracepoint, 0, 0, "bench_tp");
  tracepoint_id =
      std::stoull(test::read_file(std::string(tracefs) + "/events/" + tracepoint_category + "/" + tracepoint + "/id"));
  const test::fd another = load(test::prog_type::tracepoint, 0, 0, "bench_tp_2");
  const test::fd event{raw::tracepoint_event(tracepoint_id)};
  if (!event) failed("opening a tracepoint's event");
  test::fd link{raw::perf_link_create(another.get(), event.get())};
  if (!link) failed("attaching to a tracepoint");
  hold(std::move(link));
}

void stage::prepare_uprobe() {
  uprobe = load(test::prog_type::kprobe, multi_uprobe_type, 0, "bench_uprobe");
  probed = files / "probed";
  const auto file = must(test::open_file(probed, O_RDWR | O_CREAT), "making the file to probe");
  if (::ftruncate(file.get(), 4 * probe_offset) != 0) failed("making the file to probe");
  const std::uint64_t elsewhere = 2 * probe_offset;
  test::fd link{raw::uprobe_multi_create(uprobe.get(), probed.c_str(), &elsewhere, 1)};
  if (!link) failed("attaching a uprobe");
  hold(std::move(link));
}

void stage::prepare_iterator() {
  map = must(test::create_map(test::map_type::array, 4, 8, elements), "making a map");
  const auto target = test::vmlinux_btf::get().function("bpf_iter_bpf_map_elem");
  if (!target) throw std::runtime_error("the kernel's BTF has no bpf_iter_bpf_map_elem");
  iterator = test::load({.type = test::prog_type::tracing,
                         .code = test::write_elements(),
                         .expected_attach_type = test::attach_type::trace_iter,
                         .name = "bench_iterator",
                         .attach_btf_id = *target});
}

}  // namespace bpflink::bench
