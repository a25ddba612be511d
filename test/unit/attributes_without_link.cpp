// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "attributes.hpp"
#include "bpflink/bpflink.hpp"
#include "support/catch.hpp"
#include "support/constants.hpp"
#include "support/fd.hpp"

using namespace bpflink::test;
using bpflink::fd_ref;
using bpflink::program_ref;

// Offsets and sizes are those of union bpf_attr in the kernel's header.
namespace {

constexpr int program_number = 1001;
constexpr int other_number = 1002;
constexpr int target_number = 1003;

program_ref program() { return fd_ref{program_number}; }
program_ref other() { return fd_ref{other_number}; }
fd_ref target() { return fd_ref{target_number}; }

// Any program is this one.
void program_255(std::byte* info, std::uint32_t /*size*/) {
  const std::uint32_t words[] = {prog_type::cgroup_skb, 255};
  std::memcpy(info, words, sizeof words);
}

attribute sends(std::uint32_t number, std::uint64_t to, std::uint32_t hook, int what = program_number) {
  return attribute(number, 32).u32(0, to).u32(4, static_cast<std::uint64_t>(what)).u32(8, hook);
}
attribute asks_for_id(std::uint64_t number = program_number) {
  return attribute(command::obj_get_info_by_fd, 16).u32(0, number).u32(4, 232).any(8);
}

// One call each.
void expect_both(false_kernel& kernel, const bpflink::raw_target& to, std::uint64_t number, std::uint32_t hook) {
  const auto where = static_cast<bpflink::attach_type>(hook);
  kernel.expect_calls(
      [&] {
        const auto attached = bpflink::attach_program({.target = to, .hook = where, .program = program()});
        expect(attached.has_value(), "not attached");
      },
      {sends(command::prog_attach, number, hook)});
  kernel.expect_calls(
      [&] {
        const auto detached = bpflink::detach_program({.target = to, .hook = where, .program = program()});
        expect(detached.has_value(), "not detached");
      },
      {sends(command::prog_detach, number, hook)});
}

}  // namespace

TEST_CASE("attributes: attaching and detaching without a link", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    using bpflink::attach_mode;
    const auto egress = bpflink::attach_type::cgroup_inet_egress;
    const auto sent = [](std::uint32_t flags) {
      return attribute(command::prog_attach, 32).u32(0, target_number).u32(4, program_number).u32(8, 1).u32(12, flags);
    };
    const auto attaches = [&](const bpflink::raw_attach_options& options, const attribute& expected) {
      kernel.expect_calls([&] { expect(bpflink::attach_program(options).has_value(), "not attached"); }, {expected});
    };
    attaches({.target = target(), .hook = egress, .program = program()}, sent(0));
    attaches({.target = target(), .hook = egress, .program = program(), .mode = attach_mode::override}, sent(1));
    attaches({.target = target(), .hook = egress, .program = program(), .mode = attach_mode::multi}, sent(2));
    attaches({.target = target(),
              .hook = egress,
              .program = program(),
              .mode = attach_mode::multi,
              .position = bpflink::position::replacing(other())},
             sent(2 | 4).u32(16, other_number));

    // A cgroup is asked for its mode first: in some the kernel detaches whatever is there, in others what it is told.
    const auto asks = [] {
      return attribute(command::prog_query, 64).u32(0, target_number).u32(4, 1).any(16).u32(24, 64);
    };
    const auto detaches = [] {
      return attribute(command::prog_detach, 32).u32(0, target_number).u32(4, program_number).u32(8, 1);
    };
    const auto detach = [&] {
      const auto detached = bpflink::detach_program({.target = target(), .hook = egress, .program = program()});
      expect(detached.has_value(), "not detached");
    };
    kernel.show_attached(255, 2, 9);
    kernel.expect_calls(detach, {asks(), detaches()});
    kernel.show_attached(255, 0, 9);
    kernel.inform(program_255);
    kernel.expect_calls(detach, {asks(), asks_for_id(), detaches().u64(24, 9)});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: targets of programs without a link", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    for (const auto hook : {attach_type::sk_skb_stream_parser, attach_type::sk_skb_stream_verdict,
                            attach_type::sk_msg_verdict, attach_type::sk_skb_verdict, attach_type::lirc_mode2}) {
      expect_both(kernel, target(), target_number, hook);
    }
    for (const auto hook :
         {attach_type::tcx_ingress, attach_type::tcx_egress, attach_type::netkit_primary, attach_type::netkit_peer}) {
      expect_both(kernel, bpflink::ifindex{77}, 77, hook);
    }
    // The kernel has links to namespaces, and looks at which flow dissector it is told to detach.
    kernel.refuse(command::link_create, EBADF);
    static_cast<void>(kernel.calls([] { expect(probe(bpflink::feature::netns_links) == bpflink::availability::yes); }));
    expect_both(kernel, bpflink::raw_target::this_netns(), 0, attach_type::flow_dissector);
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: a flow dissector on kernels without links", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    const auto here = must(open_file("/proc/self/ns/net", O_RDONLY), "opening the network namespace");
    const auto code = must(open_file("/dev/null", O_RDONLY), "opening /dev/null");
    const auto asks = [] { return attribute(command::prog_query, 64).any(0).any(16).u32(24, 64).u32(4, 17); };
    false_kernel kernel;
    kernel.refuse(command::link_create, EINVAL);
    static_cast<void>(kernel.calls([] { expect(probe(bpflink::feature::netns_links) == bpflink::availability::no); }));
    kernel.inform(program_255);
    std::optional<bpflink::expected<bpflink::netns_link>> link;
    // Target 0 is the calling thread's namespace.
    const auto calls = kernel.calls([&] {
      link.emplace(attach(bpflink::netns_options{
          .netns = fd_ref{here.get()}, .hook = bpflink::netns_hook::flow_dissector, .program = fd_ref{code.get()}}));
    });
    expect((*link).has_value(), "not attached");
    expect((*link)->mechanism() == bpflink::mechanism::program_exclusive, "the mechanism");
    const auto& attached = calls.back();
    const auto number = attached.at(4);
    auto expected = sends(command::prog_attach, 0, attach_type::flow_dissector, static_cast<int>(number));
    expect_equal(attached.command(), command::prog_attach, "the last call");
    expect_equal(expected.words_of(attached.bytes), expected.words(), "the attribute");

    kernel.show_attached(255, 0, 0);
    kernel.expect_calls([&] { expect((*link)->detach().has_value(), "not detached"); },
                        {asks(), asks_for_id(number),
                         sends(command::prog_detach, 0, attach_type::flow_dissector, static_cast<int>(number))});
    // It does not look at which program it is told to detach either.
    kernel.expect_calls(
        [] {
          const auto detached = bpflink::detach_program({.target = bpflink::raw_target::this_netns(),
                                                         .hook = bpflink::attach_type::flow_dissector,
                                                         .program = program()});
          expect(detached.has_value(), "not detached");
        },
        {asks(), asks_for_id(), sends(command::prog_detach, 0, attach_type::flow_dissector)});
  });
  CHECK(child.failure() == "");
}
