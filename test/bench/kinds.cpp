// SPDX-License-Identifier: MIT
#include "kind.hpp"
#include "support/kernel_version.hpp"
#include "support/rtnetlink.hpp"

// What differs from one kind of link to the next.
namespace bpflink::bench {

namespace {

namespace attach_type = test::attach_type;
namespace prog_type = test::prog_type;

test::program_request returning(std::int32_t value, std::uint32_t type, std::uint32_t expected_attach_type) {
  return {.type = type, .code = test::return_value(value), .expected_attach_type = expected_attach_type};
}

std::uint32_t cgroup_of(stage& on) { return raw::number_of(on.cgroup.get()); }
std::uint32_t netns_of(stage& on) { return raw::number_of(on.netns.get()); }
std::uint32_t loopback(stage&) { return stage::loopback; }
std::uint32_t nowhere(stage&) { return 0; }

std::string needs_xdp_links() {
  if (auto reason = test::needs_kernel(5, 9, "XDP links"); !reason.empty()) return reason;
  static const std::string without_veth = [] {
    try {
      test::create_veth("tried1", "tried2");
      return std::string{};
    } catch (const std::exception& error) {
      return std::string{error.what()};
    }
  }();
  return without_veth;
}

fd_ref borrowed(std::uint32_t target) { return fd_ref{static_cast<int>(target)}; }

/// Attaches by a target and an attach type alone.
template <std::uint32_t Type>
int attach_raw(std::uint32_t target, int program) {
  return raw::link_create(program, target, Type);
}

}  // namespace

void add_kinds(std::vector<row>& rows) {
  kinds::add(
      rows,
      {.name = "cgroup",
       .missing = [] { return test::needs_kernel(5, 7, "bpf_link"); },
       .target = cgroup_of,
       .program = returning(1, prog_type::cgroup_skb, attach_type::cgroup_inet_egress),
       .section = "cgroup_skb/egress"},
      attach_raw<attach_type::cgroup_inet_egress>,
      [](std::uint32_t target, fd_ref program) {
        return cgroup_options{.cgroup = borrowed(target), .hook = cgroup_hook::inet_egress, .program = program};
      },
      BPFLINK_WITH_LIBBPF(bpf_program__attach_cgroup));

  kinds::add(
      rows,
      {.name = "netns",
       .missing = [] { return test::needs_kernel(5, 9, "sk_lookup"); },
       .target = netns_of,
       .program = returning(1, prog_type::sk_lookup, attach_type::sk_lookup),
       .section = "sk_lookup"},
      attach_raw<attach_type::sk_lookup>,
      [](std::uint32_t target, fd_ref program) {
        return netns_options{.netns = borrowed(target), .hook = netns_hook::sk_lookup, .program = program};
      },
      BPFLINK_WITH_LIBBPF(bpf_program__attach_netns));

  kinds::add(
      rows,
      {.name = "xdp",
       .missing = needs_xdp_links,
       .target = loopback,
       .program = returning(2, prog_type::xdp, attach_type::xdp),
       .section = "xdp",
       .hold = [](stage& on, sides& all, int program) { all.keep(on.attached_elsewhere(program)); }},
      attach_raw<attach_type::xdp>,
      [](std::uint32_t target, fd_ref program) {
        return xdp_options{.interface = *ifindex::from(static_cast<int>(target)), .program = program};
      },
      BPFLINK_WITH_LIBBPF(bpf_program__attach_xdp));

  kinds::add(
      rows,
      {.name = "raw tracepoint",
       .missing = [] { return test::needs_kernel(5, 7, "bpf_link"); },
       .target = nowhere,
       .program = returning(0, prog_type::raw_tracepoint, 0),
       .section = "raw_tp",
       .hold =
           [](stage&, sides& all, int program) {
             // From one program to two, too, the kernel patches its code.
             for (int count = 0; count < 2; ++count) {
               all.keep(test::fd{done(raw::raw_tracepoint_open(stage::tracepoint, program), "attaching")});
             }
           }},
      [](std::uint32_t, int program) { return raw::raw_tracepoint_open(stage::tracepoint, program); },
      [](std::uint32_t, fd_ref program) {
        return raw_tracepoint_options{.name = stage::tracepoint, .program = program};
      },
      BPFLINK_WITH_LIBBPF(
          [](bpf_program* program, int) { return bpf_program__attach_raw_tracepoint(program, stage::tracepoint); }));
}

}  // namespace bpflink::bench
