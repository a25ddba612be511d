// SPDX-License-Identifier: MIT
// Positions, revisions, preorder and typed targets of bare links.
#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/raw_link.hpp"
#include "bpflink/info.hpp"
#include "netns_programs.hpp"
#include "order_helpers.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

}  // namespace

TEST_CASE("raw_link: places in a cgroup", "[raw_link]") {
  SKIP_IF(test::needs_cgroup2());
  const ordered_cgroup here;
  const auto link = [&](const test::fd& program, std::optional<position> where, std::optional<revision> expected = {},
                        bool preorder = false) {
    return attach(raw_link_options{.target = fd_ref{here.cgroup.get()},
                                   .hook = attach_type::cgroup_inet_egress,
                                   .program = borrow(program),
                                   .position = where,
                                   .expected_revision = expected,
                                   .preorder = preorder});
  };
  if (!has_cgroup_order()) {
    check_no_order(link(here.one, position::first()));
    check_no_order(link(here.one, {}, revision{1}));
    check_no_order(link(here.one, {}, {}, true));
    CHECK(here.ids().empty());
    return;
  }
  const auto first = link(here.one, {}, revision{1});
  REQUIRE(sentence(first) == "");
  const auto second = link(here.two, position::before(*first));
  REQUIRE(sentence(second) == "");
  CHECK(here.order() == 0x21);
  // By its program, which is looked for.
  const auto third = link(here.three, position::before(borrow(here.one)));
  REQUIRE(sentence(third) == "");
  CHECK(here.order() == 0x231);
  check_refused(link(here.two, position::last(), revision{1}), errc::conflict, cause::stale_revision, ESTALE,
                "not the expected 1");
  check_refused(link(here.two, position::after(borrow(here.five))), errc::not_found, cause::anchor_missing, EINVAL,
                "is not attached there");
  const auto early = link(here.five, {}, {}, true);
  REQUIRE(sentence(early) == "");
  CHECK(here.order() == 0x5231);
}

TEST_CASE("raw_link: a link to this thread's network namespace, and to an interface of another one", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "links to network namespaces"));
  const test::netns_fixture netns;
  const auto dissector = load_dissector();
  std::optional<expected<link_handle>> link;
  netns.run([&] {
    link.emplace(attach(raw_link_options{
        .target = raw_target::this_netns(), .hook = attach_type::flow_dissector, .program = borrow(dissector)}));
  });
  REQUIRE(sentence(*link) == "");
  CHECK((*link)->type() == link_type::netns);
  CHECK(dissected(netns, dissector) == 1);

  const auto xdp = test::load_counted(of::xdp, at::xdp, 2);
  const auto on_lo = attach(raw_link_options{
      .target = interface_target{ifindex{1}, fd_ref{netns.get()}}, .hook = attach_type::xdp, .program = borrow(xdp)});
  REQUIRE(sentence(on_lo) == "");
  netns.run([] { CHECK(test::udp_send() == 0); });
  CHECK(xdp.runs() > 0);
}

TEST_CASE("raw_link: an order where there is none is refused without a system call", "[raw_link]") {
  SKIP_IF(test::needs_root());
  const auto program = load_egress();
  const auto bad = [&](raw_link_options options, const std::string& words) {
    check_refused(attach(options), errc::invalid_argument, cause::bad_option, 0, words);
  };
  const auto which = borrow(program);
  const fd_ref some{program.get()};
  bad({.target = ifindex{1}, .hook = attach_type::xdp, .program = which, .position = position::first()},
      "no positions and no revisions");
  bad({.target = some, .hook = attach_type::sk_lookup, .program = which, .expected_revision = revision{1}},
      "no positions and no revisions");
  bad({.target = ifindex{1}, .hook = attach_type::tcx_egress, .program = which, .preorder = true},
      "only cgroups have preorder");
  bad({.target = some, .hook = attach_type::cgroup_device, .program = which, .expected_revision = revision{0}},
      "revision 0");
  bad({.target = ifindex{1},
       .hook = attach_type::tcx_egress,
       .program = which,
       .position = position::before(program_ref{fd_ref{0}})},
      "descriptor is 0");
}

}  // namespace bpflink
