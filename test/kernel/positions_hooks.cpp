// SPDX-License-Identifier: MIT
#include "positions.hpp"
#include "support/catch.hpp"

namespace bpflink::positions {

namespace {

template <class Link>
expected<link_handle> any(expected<Link> made) {
  if (!made) return tl::unexpected(made.error());
  return link_handle{*std::move(made)};
}

// A pair of interfaces, of which the hook's sends and receives.
struct ends {
  std::string sender;
  std::string receiver;
};

template <class Options, class Query, class Hook>
at_hook hook_of(const std::string& kind, const std::string& interface, Hook hook, const ends& pair) {
  const auto index = index_of(interface);
  return {
      .name = kind + " " + std::string{to_string(hook)},
      .interface = index,
      .where = static_cast<attach_type>(hook),
      .attach_any =
          [=](program_ref program, std::optional<position> order, std::optional<revision> seen) {
            return any(bpflink::attach(Options{
                .interface = index, .hook = hook, .program = program, .position = order, .expected_revision = seen}));
          },
      .query = [=] { return bpflink::query(Query{.interface = index, .hook = hook}); },
      .passes = [pair] { return frame_passes(pair.sender, pair.receiver); }};
}

void check(const at_hook& hook, const std::function<void(const at_hook&)>& checks) {
  INFO(hook.name);
  REQUIRE(test::eventually(hook.passes));
  checks(hook);
  // Who goes through all links of the system holds ours for a moment.
  CHECK(test::eventually([&] { return hook.order().empty(); }));
}

void check_missing(const at_hook& hook) {
  INFO(hook.name);
  const auto program = load_tc();
  const auto refused = hook.attach(borrow(program), position::first());
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::not_supported);
  const auto unknown = hook.query();
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error() == errc::not_supported);
}

}  // namespace

link_handle at_hook::attached(const test::counted_program& program, std::optional<position> order) const {
  auto link = attach(borrow(program), order);
  REQUIRE(sentence(link) == "");
  return *std::move(link);
}

std::vector<program_id> at_hook::order() const {
  const auto found = query();
  REQUIRE(sentence(found) == "");
  std::vector<program_id> ids;
  for (const auto& row : *found) ids.push_back(row.program);
  return ids;
}

std::uint64_t at_hook::seen_by(const test::counted_program& program) const {
  CHECK(passes());
  return digits_seen(program);
}

void on_each_hook(const std::function<void(const at_hook&)>& checks) {
  test::netns_fixture().run([&] {
    test::create_veth("left", "right");
    for (const auto& hook : {hook_of<tcx_options, tcx_query>("tcx", "right", tcx_hook::ingress, {"left", "right"}),
                             hook_of<tcx_options, tcx_query>("tcx", "left", tcx_hook::egress, {"left", "right"})}) {
      test::at_least(6, 6) ? check(hook, checks) : check_missing(hook);
    }
    if (!has_netkit()) {
      check_missing(hook_of<netkit_options, netkit_query>("netkit", "left", netkit_hook::primary, {}));
      return;
    }
    make_netkit("near", "far");
    check(hook_of<netkit_options, netkit_query>("netkit", "near", netkit_hook::primary, {"near", "far"}), checks);
    check(hook_of<netkit_options, netkit_query>("netkit", "near", netkit_hook::peer, {"far", "near"}), checks);
  });
}

}  // namespace bpflink::positions
