// SPDX-License-Identifier: MIT
#include <cstring>

#include "attributes.hpp"
#include "bpflink/bpflink.hpp"
#include "support/catch.hpp"
#include "support/constants.hpp"

using namespace bpflink::test;
using bpflink::fd_ref;
using bpflink::position;
using bpflink::program_ref;
using bpflink::revision;

// Offsets and sizes are those of union bpf_attr in the kernel's header.
namespace {

constexpr int program_number = 1001;
constexpr int other_number = 1002;
constexpr int target_number = 1003;
constexpr std::uint32_t before = 8;
constexpr std::uint32_t after = 16;
constexpr std::uint32_t by_id = 32;
constexpr std::uint32_t preorder = 64;
constexpr std::uint32_t by_link = 1U << 13U;

program_ref program() { return fd_ref{program_number}; }
program_ref other() { return fd_ref{other_number}; }
fd_ref target() { return fd_ref{target_number}; }

struct order {
  std::optional<position> where = {};
  std::optional<revision> expected = {};
  bool preorder = false;
};
struct sent {
  std::size_t size = 32;
  std::uint32_t flags = 0;
  std::uint32_t relative = 0;
  std::uint64_t revision = 0;
};

attribute link_attribute(std::uint32_t hook, std::uint32_t to, const sent& bytes) {
  auto expected =
      attribute(command::link_create, bytes.size).u32(0, program_number).u32(4, to).u32(8, hook).u32(12, bytes.flags);
  if (bytes.size == 16) return expected;
  return std::move(expected).u32(16, bytes.relative).u64(24, bytes.revision);
}

}  // namespace

TEST_CASE("attributes: the order of a cgroup's links", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    const auto expect_bytes = [&](const order& asked, const sent& bytes, source_place where = source_place::here()) {
      const bpflink::cgroup_options options{.cgroup = target(),
                                            .hook = bpflink::cgroup_hook::sysctl,
                                            .program = program(),
                                            .position = asked.where,
                                            .expected_revision = asked.expected,
                                            .preorder = asked.preorder};
      kernel.expect_calls([&] { expect(attach(options).has_value(), "not attached", where); },
                          {link_attribute(18, target_number, bytes)}, where);
      const bpflink::raw_link_options raw{.target = target(),
                                          .hook = bpflink::attach_type::cgroup_sysctl,
                                          .program = program(),
                                          .position = asked.where,
                                          .expected_revision = asked.expected,
                                          .preorder = asked.preorder};
      kernel.expect_calls([&] { expect(attach(raw).has_value(), "not attached", where); },
                          {link_attribute(18, target_number, bytes)}, where);
    };
    expect_bytes({}, {.size = 16});
    expect_bytes({.where = position::first()}, {.flags = before});
    expect_bytes({.where = position::last()}, {.flags = after});
    expect_bytes({.where = position::before(other())}, {.flags = before, .relative = other_number});
    expect_bytes({.where = position::after(bpflink::program_id{77})}, {.flags = after | by_id, .relative = 77});
    expect_bytes({.where = position::before(bpflink::link_id{78})},
                 {.flags = before | by_id | by_link, .relative = 78});
    // No older kernel passes over the flag that goes with a revision.
    expect_bytes({.expected = revision{0x123456789}}, {.flags = after, .revision = 0x123456789});
    expect_bytes({.where = position::first(), .expected = revision{9}}, {.flags = before, .revision = 9});
    expect_bytes({.preorder = true}, {.flags = preorder});
    expect_bytes({.where = position::first(), .preorder = true}, {.flags = before | preorder});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: a link by its descriptor, and an interface's order", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    kernel.show_as("bpf_link");
    std::optional<bpflink::expected<bpflink::cgroup_link>> link;
    static_cast<void>(kernel.calls([&] {
      link.emplace(attach(
          bpflink::cgroup_options{.cgroup = target(), .hook = bpflink::cgroup_hook::sysctl, .program = program()}));
    }));
    const auto number = static_cast<std::uint32_t>((*link)->fd().get());
    const bpflink::raw_link_options options{.target = bpflink::ifindex{77},
                                            .hook = bpflink::attach_type::tcx_ingress,
                                            .program = program(),
                                            .position = position::after(**link),
                                            .expected_revision = revision{5}};
    kernel.expect_calls([&] { expect(attach(options).has_value(), "not attached"); },
                        {link_attribute(46, 77, {.flags = after | by_link, .relative = number, .revision = 5})});
    const bpflink::raw_link_options alone{.target = bpflink::ifindex{77},
                                          .hook = bpflink::attach_type::tcx_ingress,
                                          .program = program(),
                                          .expected_revision = revision{5}};
    kernel.expect_calls([&] { expect(attach(alone).has_value(), "not attached"); },
                        {link_attribute(46, 77, {.revision = 5})});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: the order of programs without a link", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    using bpflink::attach_mode;
    using bpflink::attach_type;
    using bpflink::raw_attach_options;
    const auto attaches = [&](const raw_attach_options& options, attribute expected) {
      kernel.expect_calls([&] { expect(bpflink::attach_program(options).has_value(), "not attached"); },
                          {std::move(expected)});
    };
    const auto sent_to = [](std::uint32_t to, std::uint32_t hook, std::uint32_t flags) {
      return attribute(command::prog_attach, 32).u32(0, to).u32(4, program_number).u32(8, hook).u32(12, flags);
    };
    const auto cgroup = [&](std::uint32_t flags) { return sent_to(target_number, 1, flags); };
    const auto tcx = [&](std::uint32_t flags) { return sent_to(77, 47, flags); };
    const auto egress = attach_type::cgroup_inet_egress;
    // A place is one beside others, said or not.
    attaches({.target = target(), .hook = egress, .program = program(), .position = position::first()},
             cgroup(2 | before));
    attaches({.target = target(), .hook = egress, .program = program(), .position = position::after(other())},
             cgroup(2 | after).u32(20, other_number));
    attaches({.target = target(), .hook = egress, .program = program(), .position = position::replacing(other())},
             cgroup(2 | 4).u32(16, other_number));
    attaches({.target = target(),
              .hook = egress,
              .program = program(),
              .position = position::replacing(other()),
              .preorder = true},
             cgroup(2 | 4 | preorder).u32(16, other_number));
    attaches({.target = target(), .hook = egress, .program = program(), .preorder = true}, cgroup(2 | preorder));
    attaches({.target = target(), .hook = egress, .program = program(), .expected_revision = revision{9}},
             cgroup(after).u64(24, 9));
    attaches({.target = target(),
              .hook = egress,
              .program = program(),
              .mode = attach_mode::override,
              .expected_revision = revision{9}},
             cgroup(1 | after).u64(24, 9));

    const bpflink::raw_target interface = bpflink::ifindex{77};
    const auto hook = attach_type::tcx_egress;
    attaches({.target = interface, .hook = hook, .program = program()}, tcx(0));
    attaches({.target = interface,
              .hook = hook,
              .program = program(),
              .position = position::before(bpflink::link_id{5}),
              .expected_revision = revision{9}},
             tcx(before | by_id | by_link).u32(20, 5).u64(24, 9));
    attaches({.target = interface, .hook = hook, .program = program(), .position = position::replacing(other())},
             tcx(4).u32(16, other_number));
    kernel.expect_calls(
        [&] {
          expect(bpflink::detach_program(
                     {.target = interface, .hook = hook, .program = program(), .expected_revision = revision{9}})
                     .has_value());
        },
        {attribute(command::prog_detach, 32).u32(0, 77).u32(4, program_number).u32(8, 47).u64(24, 9)});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: queries", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    using bpflink::attach_type;
    using bpflink::attached_view;
    const auto asks = [](std::uint32_t to, std::uint32_t hook) {
      return attribute(command::prog_query, 64).u32(0, to).u32(4, hook).any(16).u32(24, 64);
    };
    const auto queries = [&](const auto& asked, attribute expected) {
      kernel.expect_calls([&] { expect(query(asked).has_value(), "not told"); }, {std::move(expected)});
    };
    queries(bpflink::cgroup_query{.cgroup = target(), .hook = bpflink::cgroup_hook::sysctl}, asks(target_number, 18));
    queries(
        bpflink::cgroup_query{
            .cgroup = target(), .hook = bpflink::cgroup_hook::sysctl, .view = attached_view::effective},
        asks(target_number, 18).u32(8, 1));
    queries(bpflink::netns_query{.netns = target(), .hook = bpflink::netns_hook::sk_lookup}, asks(target_number, 36));
    queries(bpflink::raw_query{.target = target(), .hook = attach_type::sk_msg_verdict}, asks(target_number, 7));
    queries(bpflink::raw_query{.target = target(), .hook = attach_type::lirc_mode2}, asks(target_number, 16));
    queries(bpflink::raw_query{.target = target(), .hook = attach_type::lsm_cgroup}, asks(target_number, 43).any(32));
    queries(bpflink::raw_query{.target = bpflink::ifindex{77}, .hook = attach_type::tcx_ingress}, asks(77, 46).any(40));
    queries(bpflink::raw_query{.target = bpflink::ifindex{77}, .hook = attach_type::netkit_peer}, asks(77, 55).any(40));
  });
  CHECK(child.failure() == "");
}
