// SPDX-License-Identifier: MIT
#include "programs.hpp"
#include "stops.hpp"
#include "traffic.hpp"

namespace tour {

namespace {

const char* word(datagram what) {
  switch (what) {
    case datagram::received:
      return "arrived";
    case datagram::refused:
      return "was refused";
    case datagram::lost:
      return "was lost";
  }
  return "?";
}

}  // namespace

// A whole life: attach, update, pin, close, open again, detach.
row cgroup_stop(const world& here) {
  row shown{.hook = "cgroup inet_egress", .target = here.cgroup()};
  const counter runs;
  const auto refuse = load(bpflink::program_type::cgroup_skb, count_and_return(runs, 0));
  if (!refuse) return failed(shown, refuse.error());
  const auto pass = load(bpflink::program_type::cgroup_skb, count_and_return(runs, 1));
  if (!pass) return failed(shown, pass.error());

  auto link = bpflink::attach(
      bpflink::cgroup_options{.cgroup = here.cgroup(), .hook = bpflink::cgroup_hook::inet_egress, .program = *refuse});
  if (!link) return failed(shown, link.error());
  describe(shown, *link);
  const auto before = send_datagram(here.fence());

  if (const auto updated = link->update(*pass); !updated) return failed(shown, updated.error());
  const auto after = send_datagram(here.fence());
  bool as_it_should = before == datagram::refused && after == datagram::received;
  auto seen = fmt::format("a send {}; updated: it {}", word(before), word(after));

  if (link->can_pin() && !here.pins().empty()) {
    const auto path = here.pins() + "/egress";
    if (const auto pinned = link->pin(path); !pinned) return failed(shown, pinned.error());
    if (const auto closed = link->close(); !closed) return failed(shown, closed.error());
    auto reopened = bpflink::cgroup_link::open_pinned(path);
    if (!reopened) return failed(shown, reopened.error());
    if (const auto updated = reopened->update(*refuse, *pass); !updated) return failed(shown, updated.error());
    const auto pinned = send_datagram(here.fence());
    if (const auto detached = reopened->detach(); !detached) return failed(shown, detached.error());
    if (const auto unpinned = reopened->unpin(path); !unpinned) return failed(shown, unpinned.error());
    as_it_should = as_it_should && pinned == datagram::refused;
    seen += fmt::format("; pinned, reopened, updated: it {}", word(pinned));
  } else if (const auto detached = link->detach(); !detached) {
    return failed(shown, detached.error());
  }
  const auto counted = runs.value();
  const auto detached = send_datagram(here.fence());
  seen += fmt::format("; detached: it {}; {} runs", word(detached), counted);
  as_it_should = as_it_should && detached == datagram::received && counted >= 2 && runs.value() == counted;
  return saw(shown, as_it_should, seen);
}

row socket_lookup_stop(const world&) {
  constexpr std::uint16_t port = 7;
  row shown{.hook = "netns sk_lookup", .target = "this namespace"};
  const listener server;
  const auto sockets = socket_map(server.descriptor());
  const auto steer =
      load(bpflink::program_type::sk_lookup, steer_port(port, sockets.get()), bpflink::attach_type::sk_lookup);
  if (!steer) return failed(shown, steer.error());

  auto link = bpflink::attach(bpflink::netns_options{.hook = bpflink::netns_hook::sk_lookup, .program = *steer});
  if (!link) return failed(shown, link.error());
  describe(shown, *link);
  const bool steered = server.reached_by_port(port);
  if (const auto detached = link->detach(); !detached) return failed(shown, detached.error());
  const bool still = server.reached_by_port(port);
  return saw(shown, steered && !still,
             fmt::format("a connection to port {} {} the listener on port {}; detached: it {}", port,
                         steered ? "reached" : "did not reach", server.port(), still ? "still does" : "is refused"));
}

row flow_dissector_stop(const world&) {
  row shown{.hook = "netns flow_dissector", .target = "this namespace"};
  const counter runs;
  const auto dissect =
      load(bpflink::program_type::flow_dissector, count_and_return(runs, 0), bpflink::attach_type::flow_dissector);
  if (!dissect) return failed(shown, dissect.error());

  auto link = bpflink::attach(bpflink::netns_options{.hook = bpflink::netns_hook::flow_dissector, .program = *dissect});
  if (!link) return failed(shown, link.error());
  describe(shown, *link);
  for (int packet = 0; packet < 3; ++packet) send_packet();
  const auto dissected = runs.value();
  if (const auto closed = link->close(); !closed) return failed(shown, closed.error());
  send_packet();
  const auto more = runs.value() - dissected;
  return saw(shown, dissected == 3 && more == 0,
             fmt::format("{} of 3 packets dissected; closed: {} more", dissected, more));
}

row xdp_stop(const world& here) {
  row shown{.hook = "xdp generic", .target = "lo"};
  const counter runs;
  const auto drop = load(bpflink::program_type::xdp, count_and_return(runs, XDP_DROP), bpflink::attach_type::xdp);
  if (!drop) return failed(shown, drop.error());
  const auto pass = load(bpflink::program_type::xdp, count_and_return(runs, XDP_PASS), bpflink::attach_type::xdp);
  if (!pass) return failed(shown, pass.error());
  const auto loopback = bpflink::ifindex::from_name("lo");
  if (!loopback) return failed(shown, loopback.error());

  auto link = bpflink::attach(
      bpflink::xdp_options{.interface = *loopback, .program = *drop, .mode = bpflink::xdp_mode::generic});
  if (!link) return failed(shown, link.error());
  describe(shown, *link);
  const auto dropped = send_datagram(here.fence());
  if (const auto updated = link->update(*pass, *drop); !updated) return failed(shown, updated.error());
  const auto passed = send_datagram(here.fence());
  if (const auto detached = link->detach(); !detached) return failed(shown, detached.error());
  return saw(shown, dropped == datagram::lost && passed == datagram::received && runs.value() >= 2,
             fmt::format("a packet {}; updated: it {}; {} runs", word(dropped), word(passed), runs.value()));
}

// What kernels without links have: a program attached to the cgroup itself.
row raw_attach_stop(const world& here) {
  row shown{.hook = "raw attach cgroup inet_ingress", .target = here.cgroup(), .mechanism = "BPF_PROG_ATTACH"};
  const counter runs;
  const auto drop = load(bpflink::program_type::cgroup_skb, count_and_return(runs, 0));
  if (!drop) return failed(shown, drop.error());
  const auto cgroup = open_directory(here.cgroup());

  const bpflink::raw_attach_options options{.target = cgroup,
                                            .hook = bpflink::attach_type::cgroup_inet_ingress,
                                            .program = *drop,
                                            .mode = bpflink::attach_mode::multi};
  if (const auto attached = bpflink::attach_program(options); !attached) return failed(shown, attached.error());
  const auto dropped = send_datagram(here.fence());
  const auto detached =
      bpflink::detach_program({.target = cgroup, .hook = bpflink::attach_type::cgroup_inet_ingress, .program = *drop});
  if (!detached) return failed(shown, detached.error());
  const auto after = send_datagram(here.fence());
  return saw(shown, dropped == datagram::lost && after == datagram::received && runs.value() >= 1,
             fmt::format("a packet {}; detached: it {}; {} runs", word(dropped), word(after), runs.value()));
}

}  // namespace tour
