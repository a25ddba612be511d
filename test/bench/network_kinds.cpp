// SPDX-License-Identifier: MIT
#include "kind.hpp"
#include "support/kernel_version.hpp"

// The kinds of links that came after libbpf 1.1.
namespace bpflink::bench {

namespace {

namespace attach_type = test::attach_type;
namespace prog_type = test::prog_type;

constexpr std::uint32_t ipv4 = 2;
constexpr std::uint32_t local_out = 3;
constexpr std::int32_t priority = 10;

std::uint32_t loopback(stage&) { return stage::loopback; }
std::uint32_t nowhere(stage&) { return 0; }
std::uint32_t socket_map(stage& on) { return on.socket_map(); }
std::uint32_t netkit(stage& on) { return on.netkit(); }

test::program_request classifier() {
  return {.type = prog_type::sched_cls, .code = test::return_value(-1), .expected_attach_type = 0};
}

/// A hook takes a program once: another one is held there.
void hold_classifier(sides& all, std::uint32_t interface, std::uint32_t type) {
  const int other = all.keep(test::load(classifier())).get();
  all.keep(test::fd{done(raw::link_create(other, interface, type), "attaching")});
}

/// And a priority takes one: each that is held has one of its own.
void hold_filter(stage&, sides& all, int program) {
  all.keep(test::fd{done(raw::netfilter_link_create(program, ipv4, local_out, priority + 1), "attaching")});
}

/// Nothing in the kernel's code depends on whether a map has programs.
void hold_nothing(stage&, sides&, int) {}

}  // namespace

void add_network_kinds(std::vector<row>& rows) {
  kinds::add(
      rows,
      {.name = "tcx",
       .missing = [] { return test::needs_kernel(6, 6, "tcx links"); },
       .target = loopback,
       .program = classifier(),
       .section = "tc",
       .hold = [](stage&, sides& all, int) { hold_classifier(all, stage::loopback, attach_type::tcx_ingress); }},
      [](std::uint32_t target, int program) { return raw::link_create(program, target, attach_type::tcx_ingress); },
      [](std::uint32_t target, fd_ref program) {
        return tcx_options{
            .interface = *ifindex::from(static_cast<int>(target)), .hook = tcx_hook::ingress, .program = program};
      },
      libbpf::none{});

  kinds::add(
      rows,
      {.name = "netkit",
       .missing = needs_netkit,
       .target = netkit,
       .program = classifier(),
       .section = "tc",
       .hold = [](stage& on, sides& all, int) { hold_classifier(all, on.netkit(), attach_type::netkit_primary); }},
      [](std::uint32_t target, int program) { return raw::link_create(program, target, attach_type::netkit_primary); },
      [](std::uint32_t target, fd_ref program) {
        return netkit_options{
            .interface = *ifindex::from(static_cast<int>(target)), .hook = netkit_hook::primary, .program = program};
      },
      libbpf::none{});

  kinds::add(
      rows,
      {.name = "netfilter",
       .missing = [] { return test::needs_kernel(6, 4, "netfilter links"); },
       .target = nowhere,
       .program = {.type = prog_type::netfilter,
                   .code = test::return_value(1),
                   .expected_attach_type = attach_type::netfilter},
       .section = "netfilter",
       .hold = hold_filter},
      [](std::uint32_t, int program) { return raw::netfilter_link_create(program, ipv4, local_out, priority); },
      [](std::uint32_t, fd_ref program) {
        return netfilter_options{.family = netfilter_family::ipv4,
                                 .hook = netfilter_hook::local_out,
                                 .program = program,
                                 .priority = priority};
      },
      libbpf::none{});

  kinds::add(
      rows,
      {.name = "sockmap",
       .missing = [] { return test::needs_kernel(6, 10, "sockmap links"); },
       .target = socket_map,
       .program = {.type = prog_type::sk_msg,
                   .code = test::return_value(1),
                   .expected_attach_type = attach_type::sk_msg_verdict},
       .section = "sk_msg",
       .hold = hold_nothing},
      [](std::uint32_t target, int program) { return raw::link_create(program, target, attach_type::sk_msg_verdict); },
      [](std::uint32_t target, fd_ref program) {
        return sockmap_options{.map = fd_ref{static_cast<int>(target)},
                               .hook = sockmap_hook::msg_verdict,
                               .program = program,
                               .eviction = eviction::allowed};
      },
      libbpf::none{});
}

}  // namespace bpflink::bench
