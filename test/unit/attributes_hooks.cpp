// SPDX-License-Identifier: MIT
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "attributes.hpp"
#include "bpflink/bpflink.hpp"
#include "support/catch.hpp"
#include "support/constants.hpp"

using namespace bpflink::test;
using bpflink::fd_ref;
using bpflink::program_ref;

// Offsets and sizes are those of union bpf_attr in the kernel's header.
namespace {

constexpr int program_number = 1001;
constexpr int target_number = 1003;

program_ref program() { return fd_ref{program_number}; }
fd_ref target() { return fd_ref{target_number}; }

attribute create(std::size_t size, std::uint32_t type) {
  return attribute(command::link_create, size).u32(0, program_number).u32(8, type);
}

// One call, which gives a link.
template <class Options>
void expect_link(false_kernel& kernel, const Options& options, const attribute& expected,
                 source_place where = source_place::here()) {
  kernel.expect_calls([&] { expect(attach(options).has_value(), "not attached", where); }, {expected}, where);
}

}  // namespace

TEST_CASE("attributes: cgroup hooks", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    for (const auto hook :
         {bpflink::cgroup_hook::inet_ingress, bpflink::cgroup_hook::sysctl, bpflink::cgroup_hook::unix_getsockname}) {
      expect_link(kernel, bpflink::cgroup_options{.cgroup = target(), .hook = hook, .program = program()},
                  create(16, static_cast<std::uint32_t>(hook)).u32(4, target_number));
    }
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: network namespace hooks", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    expect_link(kernel,
                bpflink::netns_options{.netns = target(), .hook = bpflink::netns_hook::sk_lookup, .program = program()},
                create(16, 36).u32(4, target_number));
    expect_link(
        kernel,
        bpflink::netns_options{.netns = target(), .hook = bpflink::netns_hook::flow_dissector, .program = program()},
        create(16, 17).u32(4, target_number));
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: netfilter", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    bpflink::netfilter_options options{
        .family = bpflink::netfilter_family::ipv4, .hook = bpflink::netfilter_hook::pre_routing, .program = program()};
    expect_link(kernel, options, create(32, 45).u32(16, 2));
    options = {.family = bpflink::netfilter_family::ipv6,
               .hook = bpflink::netfilter_hook::post_routing,
               .program = program(),
               .priority = bpflink::netfilter_priority::conntrack,
               .defragment = true};
    expect_link(kernel, options,
                create(32, 45).u32(16, 10).u32(20, 4).u32(24, static_cast<std::uint32_t>(-200)).u32(28, 1));
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: XDP", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    const std::pair<bpflink::xdp_mode, std::uint32_t> modes[] = {{bpflink::xdp_mode::automatic, 0},
                                                                 {bpflink::xdp_mode::generic, 2},
                                                                 {bpflink::xdp_mode::native, 4},
                                                                 {bpflink::xdp_mode::offload, 8}};
    for (const auto& [mode, flags] : modes) {
      expect_link(kernel, bpflink::xdp_options{.interface = 77, .program = program(), .mode = mode},
                  create(16, 37).u32(4, 77).u32(12, flags));
    }
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: raw tracepoints", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    const char* const name = "sched_switch";
    expect_link(kernel, bpflink::raw_tracepoint_options{.name = name, .program = program()},
                attribute(command::raw_tracepoint_open, 16).pointer(0, name).u32(8, program_number));
    expect_link(kernel,
                bpflink::raw_tracepoint_options{
                    .name = name, .program = program(), .cookie = bpflink::cookie{0x1122334455667788}},
                attribute(command::raw_tracepoint_open, 24)
                    .pointer(0, name)
                    .u32(8, program_number)
                    .u64(16, 0x1122334455667788));
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: iterators", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    expect_link(kernel, bpflink::iterator_options{.program = program()}, create(16, 28));

    std::optional<bpflink::expected<bpflink::iterator_link>> made;
    static_cast<void>(kernel.calls([&made] { made.emplace(attach(bpflink::iterator_options{.program = program()})); }));
    const auto& link = *made;
    kernel.expect_calls([&link] { expect(link->open().has_value(), "not opened"); },
                        {attribute(command::iter_create, 8).u32(0, static_cast<std::uint64_t>(link->fd().get()))});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: parameters of iterators", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    using parameters = bpflink::iterator_parameters;
    using bpflink::cgroup_order;
    const auto expect_parameters = [&kernel](const parameters& chosen, const attribute& expected) {
      std::vector<system_call> calls;
      calls = kernel.calls([&chosen] {
        static_cast<void>(attach(bpflink::iterator_options{.program = program(), .parameters = chosen}));
      });
      const auto sent = create(32, 28).any(16).u32(24, expected.size());
      expect(!calls.empty(), "no call was made");
      expect_equal(static_cast<std::int64_t>(calls.front().arguments[2]), 32, "the size of the attribute");
      expect_equal(sent.words_of(calls.front().bytes), sent.words(), "the attribute");
      expect_equal(expected.words_of(kernel.parameters()), expected.words(), "the parameters");
    };
    // union bpf_iter_link_info
    expect_parameters(parameters::over_map(target()), attribute(0, 4).u32(0, target_number));
    expect_parameters(parameters::over_cgroups(target(), cgroup_order::descendants_pre),
                      attribute(0, 16).u32(0, 2).u32(4, target_number));
    expect_parameters(parameters::over_cgroups_from_id(0x1122334455, cgroup_order::ancestors_up),
                      attribute(0, 16).u32(0, 4).u64(8, 0x1122334455));
    expect_parameters(parameters::over_thread(4242), attribute(0, 12).u32(0, 4242));
    expect_parameters(parameters::over_process(4242U), attribute(0, 12).u32(4, 4242));
    expect_parameters(parameters::over_process(target()), attribute(0, 12).u32(8, target_number));
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: tracepoints", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    kernel.serve("/events/sched/sched_switch/id", "314\n");
    bpflink::tracepoint_options options{.category = "sched", .name = "sched_switch", .program = program()};
    std::vector<system_call> calls;
    const auto attached = [&kernel, &options, &calls] {
      std::optional<bpflink::expected<bpflink::perf_event_link>> link;
      calls = kernel.calls([&] { link.emplace(attach(options)); });
      expect(link->has_value(), "not attached");
      return *std::move(*link);
    };
    const auto event_of = [&calls]() -> const system_call& {
      for (const auto& call : calls) {
        if (call.number == SYS_perf_event_open) return call;
      }
      throw std::runtime_error("no perf event was opened");
    };

    const auto first = attached();
    // One event for all processes, on one CPU, in no group: type 2 is a tracepoint.
    const auto event = event_of();
    expect_equal(event.at(0), 2, "type");
    expect_equal(event.at(4), 64, "size");
    expect_equal(event.at<std::int64_t>(8), 314, "config");
    for (std::size_t offset = 16; offset < 64; offset += 4) expect_equal(event.at(offset), 0, "the rest");
    expect_equal(static_cast<std::int32_t>(event.arguments[1]), -1, "process");
    expect_equal(static_cast<std::int32_t>(event.arguments[2]), 0, "CPU");
    expect_equal(static_cast<std::int32_t>(event.arguments[3]), -1, "group");
    expect_equal(static_cast<std::int64_t>(event.arguments[4]), 8, "flags");

    // The number is known by now: the event and the link are all.
    options.cookie = bpflink::cookie{7};
    const auto second = attached();
    expect_equal(names(calls), "perf_event_open bpf(28)", "the calls");
    const auto expected = create(24, 41).u64(16, 7);
    auto sent = calls.back().bytes;
    expect_equal(static_cast<std::int64_t>(calls.back().arguments[2]), 24, "size of the attribute");
    std::memset(sent.data() + 4, 0, 4);  // the event's number, which nobody but the link knows
    expect_equal(expected.words_of(sent), expected.words(), "the attribute");
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: uprobe multi", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    const char* const path = "/usr/lib/libexample.so";
    const std::array<std::uint64_t, 3> offsets{0x1000, 0x2000, 0x3000};
    const std::array<std::uint64_t, 3> semaphores{0, 0x10, 0};
    const std::array cookies{bpflink::cookie{1}, bpflink::cookie{2}, bpflink::cookie{3}};
    bpflink::uprobe_multi_options options{.path = path, .offsets = offsets, .program = program()};
    expect_link(kernel, options, create(64, 48).pointer(16, path).pointer(24, offsets.data()).u32(48, offsets.size()));
    options.cookies = cookies;
    options.semaphore_offsets = semaphores;
    options.on_return = true;
    options.process = bpflink::process_id{4242};
    expect_link(kernel, options,
                create(64, 48)
                    .pointer(16, path)
                    .pointer(24, offsets.data())
                    .pointer(32, semaphores.data())
                    .pointer(40, cookies.data())
                    .u32(48, offsets.size())
                    .u32(52, 1)
                    .u32(56, 4242));
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: bare links", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    using bpflink::attach_type;
    using bpflink::raw_target;
    expect_link(
        kernel,
        bpflink::raw_link_options{.target = target(), .hook = attach_type::cgroup_inet_egress, .program = program()},
        create(16, 1).u32(4, target_number));
    expect_link(kernel,
                bpflink::raw_link_options{
                    .target = bpflink::ifindex{77}, .hook = attach_type::tcx_ingress, .program = program()},
                create(16, 46).u32(4, 77));
    expect_link(kernel,
                bpflink::raw_link_options{
                    .target = raw_target::none(), .hook = attach_type::trace_fentry, .program = program()},
                create(16, 24));
    expect_link(kernel,
                bpflink::raw_link_options{.target = raw_target::none(),
                                          .hook = attach_type::trace_fentry,
                                          .program = program(),
                                          .cookie = bpflink::cookie{9}},
                create(32, 24).u64(24, 9));
    expect_link(
        kernel,
        bpflink::raw_link_options{
            .target = target(), .hook = attach_type::perf_event, .program = program(), .cookie = bpflink::cookie{9}},
        create(24, 41).u32(4, target_number).u64(16, 9));
    expect_link(kernel,
                bpflink::raw_link_options{
                    .target = target(), .hook = attach_type{}, .program = program(), .target_btf_id = 4711},
                create(32, 0).u32(4, target_number).u32(16, 4711));
    expect_link(kernel,
                bpflink::raw_link_options{
                    .target = raw_target::none(), .hook = static_cast<attach_type>(99), .program = program()},
                create(16, 99));
  });
  CHECK(child.failure() == "");
}
