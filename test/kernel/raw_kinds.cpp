// SPDX-License-Identifier: MIT
#include "raw_kinds.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "support/cgroup_fixture.hpp"
#include "support/congestion_control.hpp"
#include "support/netns_fixture.hpp"
#include "support/raw_bpf.hpp"
#include "support/rtnetlink.hpp"
#include "support/vmlinux_btf.hpp"
#include "uprobe_targets.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;
namespace numbers = test::link_type;

std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

// Two programs alike, and a link of the first.
template <class Link>
raw_kind_link linked(const test::program_request& request, Link link) {
  raw_kind_link made;
  made.kept.push_back(test::try_load(request));
  if (!made.kept.front()) {
    made.link = test::fd(-made.kept.front().error());
    made.kept.clear();
    return made;
  }
  made.another = test::load(request);
  made.link = link(made.kept.front().get());
  return made;
}

// In a network namespace of its own.
template <class Link>
raw_kind_link linked_in_netns(const test::program_request& request, Link link) {
  const auto netns = std::make_shared<test::netns_fixture>();
  raw_kind_link made;
  netns->run([&] { made = linked(request, [&](int program) { return link(program, *netns); }); });
  made.target = netns;
  return made;
}

raw_kind_link cgroup() {
  const auto target = std::make_shared<test::cgroup_fixture>();
  auto made = linked({.type = of::cgroup_skb, .code = test::return_value(1)},
                     [&](int program) { return test::link_create(program, target->get(), at::cgroup_inet_egress); });
  made.target = target;
  return made;
}

raw_kind_link raw_tracepoint() {
  return linked({.type = of::raw_tracepoint},
                [](int program) { return test::raw_tracepoint_open("task_newtask", program); });
}

raw_kind_link tracing() {
  return linked({.type = of::tracing,
                 .expected_attach_type = at::trace_fentry,
                 .attach_btf_id = test::vmlinux_btf::get().function("bpf_fentry_test1").value_or(0)},
                [](int program) { return test::raw_tracepoint_open(nullptr, program); });
}

raw_kind_link iterator() {
  return linked({.type = of::tracing,
                 .expected_attach_type = at::trace_iter,
                 .attach_btf_id = test::vmlinux_btf::get().function("bpf_iter_task").value_or(0)},
                [](int program) { return test::link_create(program, 0, at::trace_iter); });
}

raw_kind_link netns() {
  return linked_in_netns({.type = of::sk_lookup, .code = test::return_value(1), .expected_attach_type = at::sk_lookup},
                         [](int program, const test::netns_fixture& target) {
                           return test::link_create(program, target.get(), at::sk_lookup);
                         });
}

raw_kind_link xdp() {
  constexpr std::uint32_t generic = 2;
  return linked_in_netns({.type = of::xdp, .code = test::return_value(2), .expected_attach_type = at::xdp},
                         [](int program, const test::netns_fixture&) {
                           return test::link_create(program, static_cast<int>(test::ifindex_of("lo")), at::xdp,
                                                    generic);
                         });
}

raw_kind_link perf_event() {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof attr;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.sample_period = 1'000'000'000;
  test::fd event(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
  auto made = linked({.type = of::perf_event},
                     [&](int program) { return test::link_create(program, event.get(), at::perf_event); });
  made.kept.push_back(std::move(event));
  return made;
}

raw_kind_link kprobe_multi() {
  const char* const symbol = "bpf_fentry_test1";
  struct {
    std::uint32_t flags = 0;
    std::uint32_t count = 1;
    std::uint64_t symbols, addresses = 0, cookies = 0;
  } more;
  more.symbols = address(&symbol);
  return linked({.type = of::kprobe, .expected_attach_type = at::trace_kprobe_multi}, [&](int program) {
    return test::link_create(program, 0, at::trace_kprobe_multi, 0, std::as_bytes(std::span{&more, 1}));
  });
}

raw_kind_link uprobe_multi() {
  const auto offset = test::offset_of(test::first_target);
  struct {
    std::uint64_t path, offsets, semaphores = 0, cookies = 0;
    std::uint32_t count = 1, flags = 0, pid = 0, padding = 0;
  } more;
  more.path = address("/proc/self/exe");
  more.offsets = address(&offset);
  return linked({.type = of::kprobe, .expected_attach_type = at::trace_uprobe_multi}, [&](int program) {
    return test::link_create(program, 0, at::trace_uprobe_multi, 0, std::as_bytes(std::span{&more, 1}));
  });
}

raw_kind_link netfilter() {
  struct {
    std::uint32_t family = 2, hook = 3;  // IPv4, local out
    std::int32_t priority = -50;
    std::uint32_t flags = 0;
  } more;
  return linked_in_netns({.type = of::netfilter, .code = test::return_value(1), .expected_attach_type = at::netfilter},
                         [&](int program, const test::netns_fixture&) {
                           return test::link_create(program, 0, at::netfilter, 0, std::as_bytes(std::span{&more, 1}));
                         });
}

raw_kind_link tcx() {
  return linked_in_netns({.type = of::sched_cls}, [](int program, const test::netns_fixture&) {
    return test::link_create(program, static_cast<int>(test::ifindex_of("lo")), at::tcx_ingress);
  });
}

raw_kind_link netkit() {
  return linked_in_netns({.type = of::sched_cls}, [](int program, const test::netns_fixture&) {
    if (const int error = test::create_netkit("nka", "nkb"); error != 0) return test::fd(-error);
    return test::link_create(program, static_cast<int>(test::ifindex_of("nka")), at::netkit_primary);
  });
}

raw_kind_link sockmap() {
  auto map = test::create_map(test::map_type::sockmap, 4, 4);
  auto made = linked({.type = of::sk_msg, .code = test::return_value(1), .expected_attach_type = at::sk_msg_verdict},
                     [&](int program) { return test::link_create(program, map.get(), at::sk_msg_verdict); });
  made.kept.push_back(std::move(map));
  return made;
}

raw_kind_link struct_ops() {
  const auto table = std::make_shared<test::congestion_control>();
  raw_kind_link made;
  made.target = table;
  auto map = table->filled_map();
  made.another = table->filled_map();
  made.link = test::link_create(map.get(), 0, at::struct_ops);
  made.kept.push_back(std::move(map));
  return made;
}

}  // namespace

std::vector<raw_kind> raw_kinds() {
  return {
      {link_type::raw_tracepoint, numbers::raw_tracepoint, {5, 8}, {}, raw_tracepoint},
      {link_type::tracing, numbers::tracing, {5, 8}, {EPERM}, tracing},
      {link_type::cgroup, numbers::cgroup, {5, 8}, {}, cgroup},
      {link_type::iterator, numbers::iter, {5, 8}, {}, iterator},
      {link_type::netns, numbers::netns, {5, 9}, {}, netns},
      {link_type::xdp, numbers::xdp, {5, 9}, {}, xdp},
      {link_type::perf_event, numbers::perf_event, {5, 15}, {}, perf_event},
      {link_type::kprobe_multi, numbers::kprobe_multi, {5, 18}, {EOPNOTSUPP}, kprobe_multi},
      {link_type::struct_ops, numbers::struct_ops, {6, 4}, {}, struct_ops},
      {link_type::netfilter, numbers::netfilter, {6, 4}, {}, netfilter},
      {link_type::tcx, numbers::tcx, {6, 6}, {}, tcx},
      {link_type::uprobe_multi, numbers::uprobe_multi, {6, 6}, {}, uprobe_multi},
      {link_type::netkit, numbers::netkit, {6, 7}, {EOPNOTSUPP}, netkit},
      {link_type::sockmap, numbers::sockmap, {6, 10}, {}, sockmap},
  };
}

}  // namespace bpflink
