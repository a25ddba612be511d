// SPDX-License-Identifier: MIT
// Links of struct_ops, whose "program" is a map.
#include "bpflink/attach/struct_ops.hpp"
#include "contract.hpp"
#include "support/congestion_control.hpp"
#include "support/netns_fixture.hpp"

namespace bpflink {

TEST_CASE("contract: struct_ops", "[contract]") {
  SKIP_IF(test::needs_struct_ops());
  const test::netns_fixture netns;
  const auto name = test::unique_control_name();
  check_contract(
      kind_case<struct_ops_link>{.type = link_type::struct_ops,
                                 .number = test::link_type::struct_ops,
                                 .since = {6, 4},
                                 .load = [&] { return test::counted_control(name); },
                                 .attach = [](program_ref map) { return attach(struct_ops_options{.map = map.fd()}); },
                                 .trigger = [&](int) { netns.run([&] { static_cast<void>(test::send_with(name)); }); },
                                 .tells_defunct = true,
                                 .one_at_a_time = true,
                                 .detach_since = {6, 11}});
}

}  // namespace bpflink
