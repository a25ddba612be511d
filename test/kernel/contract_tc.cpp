// SPDX-License-Identifier: MIT
// tcx and netkit, described for the contract.
#include <optional>

#include "contract.hpp"
#include "support/catch.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

template <class Link, class Attach>
kind_case<Link> case_of(const test::netns_fixture& netns, link_type type, test::kernel_version since, Attach attach) {
  return {.type = type,
          .number = static_cast<std::uint32_t>(type),
          .since = since,
          .load = [] { return load_tc(); },
          .attach =
              [&netns, attach](program_ref program) {
                std::optional<expected<Link>> made;
                netns.run([&] { made.emplace(attach(program)); });
                return *std::move(made);
              },
          .trigger = {},
          .lose_target = [&netns] { netns.run([] { test::delete_interface("a"); }); },
          .tells_defunct = true};
}

}  // namespace

TEST_CASE("contract: tcx", "[contract][tcx]") {
  SKIP_IF(test::needs_veth());
  for (const auto hook : {tcx_hook::ingress, tcx_hook::egress}) {
    INFO(to_string(hook));
    const test::netns_fixture netns;
    netns.run([] { test::create_veth("a", "b"); });
    auto kind = case_of<tcx_link>(netns, link_type::tcx, {6, 6}, [hook](program_ref program) {
      return attach(tcx_options{.interface = index_of("a"), .hook = hook, .program = program});
    });
    const auto* const from = hook == tcx_hook::ingress ? "b" : "a";
    kind.trigger = [&netns, from](int) { netns.run([from] { static_cast<void>(test::packet_send(from)); }); };
    check_contract(kind);
  }
}

TEST_CASE("contract: netkit", "[contract][netkit]") {
  SKIP_IF(test::needs_root());
  for (const auto hook : {netkit_hook::primary, netkit_hook::peer}) {
    INFO(to_string(hook));
    const test::netns_fixture netns;
    auto kind = case_of<netkit_link>(netns, link_type::netkit, {6, 7}, [hook](program_ref program) {
      return attach(netkit_options{.interface = index_of(has_netkit() ? "a" : "lo"), .hook = hook, .program = program});
    });
    if (!has_netkit()) {
      contract::check_older_kernel(kind);
      continue;
    }
    netns.run([] { make_netkit("a", "b"); });
    const auto* const from = hook == netkit_hook::primary ? "a" : "b";
    kind.trigger = [&netns, from](int) { netns.run([from] { static_cast<void>(test::packet_send(from)); }); };
    check_contract(kind);
  }
}

}  // namespace bpflink
