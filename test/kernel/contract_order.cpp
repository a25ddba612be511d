// SPDX-License-Identifier: MIT
// Links in their place in a cgroup are links like others.
#include <optional>

#include "bpflink/attach/cgroup.hpp"
#include "contract.hpp"
#include "order_helpers.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/traffic.hpp"

namespace bpflink {

TEST_CASE("contract: cgroup, first of all and before those below", "[contract]") {
  SKIP_IF(test::needs_cgroup2());
  if (!has_cgroup_order()) return;  // refused there, as other tests show
  std::optional<test::cgroup_fixture> cgroup{std::in_place};
  check_contract(
      kind_case<cgroup_link>{.type = link_type::cgroup,
                             .number = test::link_type::cgroup,
                             .since = {5, 7},
                             .load = [] { return load_egress(); },
                             .attach =
                                 [&](program_ref program) {
                                   return attach(cgroup_options{.cgroup = fd_ref{cgroup->get()},
                                                                .hook = cgroup_hook::inet_egress,
                                                                .program = program,
                                                                .position = position::first(),
                                                                .preorder = true});
                                 },
                             .trigger = [&](int) { cgroup->enter([] { static_cast<void>(test::udp_send()); }); },
                             .lose_target = [&] { cgroup->remove(); },
                             .tells_defunct = true});
}

}  // namespace bpflink
