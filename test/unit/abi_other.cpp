// SPDX-License-Identifier: MIT
#include "abi.hpp"
#include "bpflink/load.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/perf.hpp"

using namespace bpflink::test;
using namespace bpflink::kernel;

// What is not bpf(2)'s: perf events, netlink, instructions.

TEST_CASE("abi: struct perf_event_attr", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using attr = bpflink::kernel::perf_event_attr;
  static_assert(std::has_unique_object_representations_v<attr>);
  check_layout("perf_event_attr", sizeof(attr),
               {
                   at(&attr::type, "type"),
                   at(&attr::size, "size"),
                   at(&attr::config, "config"),
                   at(&attr::sample_period, "sample_period"),
                   at(&attr::sample_type, "sample_type"),
                   at(&attr::read_format, "read_format"),
                   padding(&attr::flags),
                   at(&attr::wakeup_events, "wakeup_events"),
                   at(&attr::bp_type, "bp_type"),
                   at(&attr::config1, "config1"),
               });
  // The bits that we call flags begin with "disabled".
  const auto disabled = vmlinux_btf::get().find_member("perf_event_attr", "disabled");
  REQUIRE(disabled.has_value());
  CHECK(disabled->bit_offset == 8 * at(&attr::flags, "").offset);
  CHECK(vmlinux_btf::get().value_of("PERF_TYPE_TRACEPOINT") == perf_type_tracepoint);
}

TEST_CASE("abi: netlink", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using header = netlink_header;
  static_assert(std::has_unique_object_representations_v<header>);
  check_layout("nlmsghdr", sizeof(header),
               {
                   at(&header::size, "nlmsg_len"),
                   at(&header::type, "nlmsg_type"),
                   at(&header::flags, "nlmsg_flags"),
                   at(&header::sequence, "nlmsg_seq"),
                   at(&header::port, "nlmsg_pid"),
               });
  using attribute = netlink_attribute_header;
  check_layout("nlattr", sizeof(attribute),
               {
                   at(&attribute::size, "nla_len"),
                   at(&attribute::type, "nla_type"),
               });
  using message = interface_message;
  static_assert(std::has_unique_object_representations_v<message>);
  check_layout("ifinfomsg", sizeof(message),
               {
                   at(&message::family, "ifi_family"),
                   at(&message::padding, "__ifi_pad"),
                   at(&message::type, "ifi_type"),
                   at(&message::index, "ifi_index"),
                   at(&message::flags, "ifi_flags"),
                   at(&message::change, "ifi_change"),
               });
}

TEST_CASE("abi: instructions and what describes them", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using bpflink::function_info;
  using bpflink::instruction;
  // The two registers are four bits each, the destination's the lower ones here.
  check_layout("bpf_insn", sizeof(instruction),
               {
                   at(&instruction::code, "code"),
                   padding(&instruction::registers),
                   at(&instruction::offset, "off"),
                   at(&instruction::immediate, "imm"),
               });
  const auto destination = vmlinux_btf::get().find_member("bpf_insn", "dst_reg");
  REQUIRE(destination.has_value());
  CHECK(destination->bit_offset == 8 * at(&instruction::registers, "").offset);
  CHECK(destination->bit_size == 4);
  check_layout("bpf_func_info", sizeof(function_info),
               {
                   at(&function_info::instruction, "insn_off"),
                   at(&function_info::type, "type_id"),
               });
}
