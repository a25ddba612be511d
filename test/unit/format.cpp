// SPDX-License-Identifier: MIT
#include "bpflink/format.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <iterator>
#include <string>

#include "failure.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"

using namespace bpflink;

namespace {

template <class Details>
link_info link_with(link_type type, Details details) {
  link_info info;
  info.type = type;
  info.id = link_id{17};
  info.program = program_id{255};
  info.details = std::move(details);
  return info;
}

bpf_error sample_error() {
  return make_error({text{"attach cgroup inet_egress"}, "to", text{"/sys/fs/cgroup/app"}},
                    {operation::link_create, EPERM});
}

}  // namespace

TEST_CASE("format: an error is one line, its message", "[format]") {
  const auto error = sample_error();
  CHECK(fmt::format("{}", error) == error.message());
  CHECK(fmt::format("{}", error) ==
        "attach cgroup inet_egress to /sys/fs/cgroup/app: the kernel does not permit it (BPF_LINK_CREATE: EPERM)");
  CHECK(fmt::format("{:.6}", error) == "attach");
  // Through what fmt has for run-time formats and other outputs too.
  CHECK(fmt::format(fmt::runtime("{}"), error) == error.message());
  std::string out;
  fmt::format_to(std::back_inserter(out), "<{}>", error);
  CHECK(out == "<" + error.message() + ">");
}

TEST_CASE("format: enumerations are words", "[format]") {
  CHECK(fmt::format("{}", errc::not_supported) == "not_supported");
  CHECK(fmt::format("{}", cause::wrong_program_type) == "wrong_program_type");
  CHECK(fmt::format("{}", cause::unknown) == "unknown");
  CHECK(fmt::format("{}", operation::link_create) == "BPF_LINK_CREATE");
  CHECK(fmt::format("{}", mechanism::program_multi) == "program_multi");
  CHECK(fmt::format("{}", mechanism_choice::link_only) == "link_only");
  CHECK(fmt::format("{}", feature::cgroup_order) == "cgroup_order");
  CHECK(fmt::format("{}", availability::unknown) == "unknown");
  CHECK(fmt::format("{}", link_type::iterator) == "iter");
  CHECK(fmt::format("{}", program_type::cgroup_skb) == "cgroup_skb");
  CHECK(fmt::format("{}", attach_type::cgroup_inet_egress) == "cgroup_inet_egress");
  CHECK(fmt::format("{}", cgroup_hook::inet_egress) == "inet_egress");
  CHECK(fmt::format("{}", netns_hook::sk_lookup) == "sk_lookup");
  CHECK(fmt::format("{}", socket_hook::reuseport) == "reuseport");
  CHECK(fmt::format("{}", netfilter_priority::filter - 1) == "-1");
  CHECK(fmt::format("{:>6}", netfilter_priority::raw) == "  -300");
  CHECK(fmt::format("{}", xdp_mode::native) == "native");
  CHECK(fmt::format("{}", tcx_hook::egress) == "egress");
  CHECK(fmt::format("{}", netkit_hook::peer) == "peer");
  CHECK(fmt::format("{}", attach_mode::multi) == "multi");
  CHECK(fmt::format("{}", sockmap_hook::msg_verdict) == "msg_verdict");
  CHECK(fmt::format("{}", static_cast<sockmap_hook>(6)) == "unknown (6)");
  CHECK(fmt::format("{}", eviction::allowed) == "allowed");
  CHECK(fmt::format("{}", cgroup_order::ancestors_up) == "ancestors_up");
  CHECK(fmt::format("{}", perf_event_kind::kretprobe) == "kretprobe");

  CHECK(fmt::format("[{:>8}]", link_type::xdp) == "[     xdp]");
  CHECK(fmt::format("[{:*<8}]", errc::busy) == "[busy****]");
}

TEST_CASE("format: a number of the kernel's that is not known is told", "[format]") {
  CHECK(fmt::format("{}", static_cast<link_type>(99)) == "unknown (99)");
  CHECK(fmt::format("{}", static_cast<program_type>(99)) == "unknown (99)");
  CHECK(fmt::format("{}", static_cast<attach_type>(99)) == "unknown (99)");
  CHECK(fmt::format("{}", static_cast<cgroup_hook>(4000000000U)) == "unknown (4000000000)");
  CHECK(fmt::format("{}", static_cast<perf_event_kind>(99)) == "unknown (99)");
  CHECK(fmt::format("[{:>14}]", static_cast<link_type>(99)) == "[  unknown (99)]");
}

TEST_CASE("format: numbers are numbers, names are strings", "[format]") {
  CHECK(fmt::format("{}", link_id{17}) == "17");
  CHECK(fmt::format("{:>5}|{:05}", program_id{255}, map_id{3}) == "  255|00003");
  CHECK(fmt::format("{:#x}", cookie{0xffff'ffff'ffff'ffffU}) == "0xffffffffffffffff");
  CHECK(fmt::format("{} {} {}", revision{4}, btf_id{5}, process_id{6}) == "4 5 6");
  CHECK(fmt::format("{}", ifindex{2}) == "2");
  CHECK(fmt::format("{:>4}", bounded_string<16>{"lo"}) == "  lo");
  CHECK(fmt::format("{}", kernel_version{6, 12}) == "6.12");
  CHECK(fmt::format("{:<6}|", kernel_version{5, 7}) == "5.7   |");
  CHECK(fmt::format("{}", feature_report{feature::xdp_links, availability::yes, {5, 9}}) ==
        "xdp_links: yes, in Linux since 5.9");
}

TEST_CASE("format: what is attached to an interface is one line", "[format]") {
  CHECK(fmt::format("{}", xdp_programs{}) == "no program");
  xdp_programs there{.native = xdp_attached{program_id{255}}};
  CHECK(fmt::format("{}", there) == "program 255 in native mode");
  there.native->held_by = mechanism::link;
  CHECK(fmt::format("{}", there) == "program 255 in native mode, held by a link");
  there.native->link = link_id{17};
  there.offload = xdp_attached{program_id{256}, mechanism::netlink};
  CHECK(fmt::format("{}", there) ==
        "program 255 in native mode, held by link 17; program 256 in offload mode, held by netlink");
  CHECK(fmt::format("{:.11}", there) == "program 255");
}

TEST_CASE("format: a link is one line", "[format]") {
  SECTION("cgroup") {
    CHECK(fmt::format("{}", link_with(link_type::cgroup, cgroup_info{348, attach_type::cgroup_inet_egress})) ==
          "link 17: cgroup inet_egress in cgroup 348, program 255");
    CHECK(fmt::format("{}", link_with(link_type::cgroup, cgroup_info{0, attach_type::cgroup_sysctl})) ==
          "link 17: cgroup sysctl, defunct: its target is gone or it was detached, program 255");
    CHECK(fmt::format("{}", link_with(link_type::cgroup, cgroup_info{348, static_cast<attach_type>(99)})) ==
          "link 17: cgroup unknown (99) in cgroup 348, program 255");
  }
  SECTION("network namespace") {
    CHECK(fmt::format("{}", link_with(link_type::netns, netns_info{4026531840, attach_type::sk_lookup})) ==
          "link 17: netns sk_lookup in network namespace 4026531840, program 255");
    CHECK(fmt::format("{}", link_with(link_type::netns, netns_info{0, attach_type::flow_dissector})) ==
          "link 17: netns flow_dissector, defunct: its target is gone or it was detached, program 255");
  }
  SECTION("XDP") {
    CHECK(fmt::format("{}", link_with(link_type::xdp, xdp_info{ifindex{2}})) ==
          "link 17: xdp on interface 2, program 255");
    CHECK(fmt::format("{}", link_with(link_type::xdp, xdp_info{std::nullopt})) ==
          "link 17: xdp, defunct: its target is gone or it was detached, program 255");
  }
  SECTION("raw tracepoint") {
    raw_tracepoint_info details{bounded_string<128>{"sched_switch"}, std::nullopt};
    CHECK(fmt::format("{}", link_with(link_type::raw_tracepoint, details)) ==
          "link 17: raw_tracepoint sched_switch, program 255");
    details.cookie = cookie{7};
    CHECK(fmt::format("{}", link_with(link_type::raw_tracepoint, details)) ==
          "link 17: raw_tracepoint sched_switch, cookie 7, program 255");
  }
  SECTION("tracing") {
    CHECK(fmt::format("{}", link_with(link_type::tracing, tracing_info{attach_type::trace_fexit, 1, 4711, {}})) ==
          "link 17: tracing trace_fexit at BTF type 4711 of object 1, program 255");
  }
  SECTION("iterator") {
    iterator_info details{bounded_string<64>{"task"}, {}};
    CHECK(fmt::format("{}", link_with(link_type::iterator, details)) == "link 17: iter over task, program 255");
    details.parameters = iterator_task_info{};
    CHECK(fmt::format("{}", link_with(link_type::iterator, details)) == "link 17: iter over task, program 255");
    details.parameters = iterator_task_info{5, 0};
    CHECK(fmt::format("{}", link_with(link_type::iterator, details)) ==
          "link 17: iter over task of thread 5, program 255");
    details.parameters = iterator_task_info{0, 6};
    CHECK(fmt::format("{}", link_with(link_type::iterator, details)) ==
          "link 17: iter over task of process 6, program 255");
    details = {bounded_string<64>{"bpf_map_elem"}, iterator_map_info{map_id{12}}};
    CHECK(fmt::format("{}", link_with(link_type::iterator, details)) ==
          "link 17: iter over bpf_map_elem of map 12, program 255");
    details = {bounded_string<64>{"cgroup"}, iterator_cgroup_info{348, cgroup_order::descendants_pre}};
    CHECK(fmt::format("{}", link_with(link_type::iterator, details)) ==
          "link 17: iter over cgroup, descendants_pre of cgroup 348, program 255");
  }
  SECTION("perf event") {
    perf_event_info details;
    CHECK(fmt::format("{}", link_with(link_type::perf_event, details)) ==
          "link 17: perf_event unspecified, program 255");
    details.kind = perf_event_kind::kprobe;
    details.name = "do_sys_openat2";
    details.offset = 16;
    details.missed = 3;
    details.cookie = cookie{0};
    CHECK(fmt::format("{}", link_with(link_type::perf_event, details)) ==
          "link 17: perf_event kprobe do_sys_openat2+0x10, 3 missed, program 255");
    details.name.clear();
    details.address = 0xffffffff81000000;
    details.missed = 0;
    CHECK(fmt::format("{}", link_with(link_type::perf_event, details)) ==
          "link 17: perf_event kprobe 0xffffffff81000000, program 255");
    details = {};
    details.kind = perf_event_kind::tracepoint;
    details.name = "sched_switch";
    details.cookie = cookie{5};
    CHECK(fmt::format("{}", link_with(link_type::perf_event, details)) ==
          "link 17: perf_event tracepoint sched_switch, cookie 5, program 255");
    details = {};
    details.kind = perf_event_kind::event;
    details.event_type = 1;
    details.event_config = 9;
    CHECK(fmt::format("{}", link_with(link_type::perf_event, details)) ==
          "link 17: perf_event event of type 1 with config 0x9, program 255");
  }
  SECTION("uprobe multi") {
    uprobe_multi_info details;
    CHECK(fmt::format("{}", link_with(link_type::uprobe_multi, details)) == "link 17: uprobe_multi, program 255");
    details.path = "/bin/bash";
    details.places = {{4096, 0, cookie{0}}};
    CHECK(fmt::format("{}", link_with(link_type::uprobe_multi, details)) ==
          "link 17: uprobe_multi at 1 place of /bin/bash, program 255");
    details.places->push_back({8192, 0, cookie{1}});
    details.on_return = true;
    details.pid = 42;
    CHECK(fmt::format("{}", link_with(link_type::uprobe_multi, details)) ==
          "link 17: uprobe_multi at 2 places of /bin/bash, on return, in process 42, program 255");
    details.path.clear();
    CHECK(fmt::format("{}", link_with(link_type::uprobe_multi, details)) ==
          "link 17: uprobe_multi at 2 places of a file, on return, in process 42, program 255");
  }
  SECTION("a kind with nothing to tell, or unknown, or without a program") {
    CHECK(fmt::format("{}", link_with(link_type::tcx, unknown_info{})) == "link 17: tcx, program 255");
    CHECK(fmt::format("{}", link_with(static_cast<link_type>(99), unknown_info{})) ==
          "link 17: unknown (99), program 255");
    auto info = link_with(link_type::struct_ops, std::monostate{});
    info.program = std::nullopt;
    CHECK(fmt::format("{}", info) == "link 17: struct_ops");
    CHECK(fmt::format("[{:<22}]", info) == "[link 17: struct_ops   ]");
  }
}

TEST_CASE("format: a program is one line", "[format]") {
  program_info info;
  info.type = program_type::cgroup_skb;
  info.id = program_id{255};
  for (std::size_t index = 0; index < info.tag.size(); ++index) info.tag[index] = std::byte(0xf0 + index);
  CHECK(fmt::format("{}", info) == "program 255: cgroup_skb, tag f0f1f2f3f4f5f6f7, loaded by user 0");
  info.name = bounded_string<16>{"drop"};
  info.loaded_by_uid = 1000;
  info.run_count = 0;
  CHECK(fmt::format("{}", info) == "program 255: cgroup_skb 'drop', tag f0f1f2f3f4f5f6f7, loaded by user 1000");
  info.run_count = 12;
  info.run_time = std::chrono::nanoseconds{345};
  CHECK(fmt::format("{}", info) ==
        "program 255: cgroup_skb 'drop', tag f0f1f2f3f4f5f6f7, loaded by user 1000, 12 runs in 345 ns");
  info.run_count = 1;
  info.run_time = std::nullopt;
  CHECK(fmt::format("{}", info) == "program 255: cgroup_skb 'drop', tag f0f1f2f3f4f5f6f7, loaded by user 1000, 1 run");
}

TEST_CASE("format: what is attached is a line for the hook and one for each program", "[format]") {
  CHECK(fmt::format("{}", attached_program{.program = program_id{255}}) == "program 255");
  CHECK(fmt::format("{}", attached_program{.program = program_id{255}, .link = link_id{17}}) ==
        "program 255 by link 17");
  CHECK(fmt::format("{}", attached_programs{}) == "0 programs");
  CHECK(fmt::format("{}", attached_view::effective) == "effective");
}

TEST_CASE("format: an ordinary line takes no memory", "[format]") {
  const auto info = link_with(link_type::cgroup, cgroup_info{348, attach_type::cgroup_inet_egress});
  std::array<char, 200> room{};
  const auto asked = test::allocations([&] { fmt::format_to_n(room.data(), room.size(), "{} {}", info, errc::busy); });
  CHECK(asked.value_or(0) == 0);
}
