// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "bpflink/bpflink.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/kernel_version.hpp"
#include "support/raw_bpf.hpp"

// Places in an order, which libbpf 1.1 does not know.
namespace bpflink::bench {

namespace {

namespace attach_type = test::attach_type;

constexpr std::uint32_t before_a_link = 1U << 3U | 1U << 13U;

sides before_in_cgroup(stage& on) {
  sides all;
  const auto target = raw::number_of(on.cgroup.get());
  const int program = on.egress.get();
  // The same cgroup takes a program once in an order.
  const int other = all.keep(test::load({.type = test::prog_type::cgroup_skb,
                                         .code = test::return_value(1),
                                         .expected_attach_type = attach_type::cgroup_inet_egress}))
                        .get();
  const auto& anchor = all.keep(got(attach(
      cgroup_options{.cgroup = fd_ref{on.cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = fd_ref{other}})));
  all.raw = repeated([=, relative = anchor.fd().get()] {
    const int link =
        raw::ordered_link_create(program, target, attach_type::cgroup_inet_egress, before_a_link, relative);
    done(::close(done(link, "attaching")), "closing");
  });
  all.ours = repeated([options = cgroup_options{.cgroup = fd_ref{on.cgroup.get()},
                                                .hook = cgroup_hook::inet_egress,
                                                .program = fd_ref{program},
                                                .position = position::before(anchor)}] { check(attach(options)); });
  return all;
}

sides before_at_tcx(stage&) {
  sides all;
  const auto load = [&all] {
    return all.keep(test::load({.type = test::prog_type::sched_cls, .code = test::return_value(-1)})).get();
  };
  const int program = load();
  const auto& anchor = all.keep(
      got(attach(tcx_options{.interface = stage::loopback, .hook = tcx_hook::ingress, .program = fd_ref{load()}})));
  all.raw = repeated([=, relative = anchor.fd().get()] {
    const int link =
        raw::ordered_link_create(program, stage::loopback, attach_type::tcx_ingress, before_a_link, relative);
    done(::close(done(link, "attaching")), "closing");
  });
  all.ours = repeated([options = tcx_options{.interface = stage::loopback,
                                             .hook = tcx_hook::ingress,
                                             .program = fd_ref{program},
                                             .position = position::before(anchor)}] { check(attach(options)); });
  return all;
}

}  // namespace

void add_positions(std::vector<row>& rows) {
  // A position is looked at, and told by three of the kernel's fields.
  constexpr double in_order = 120;
  rows.push_back({"cgroup before a link: attach, close",
                  [] { return test::needs_kernel(6, 17, "an order in cgroups"); }, before_in_cgroup, 0, in_order});
  rows.push_back({"tcx before a link: attach, close", [] { return test::needs_kernel(6, 6, "tcx links"); },
                  before_at_tcx, 0, in_order});
}

}  // namespace bpflink::bench
