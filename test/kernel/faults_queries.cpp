// SPDX-License-Identifier: MIT
// Queries, where each of their system calls fails in turn.
#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/netns.hpp"
#include "bpflink/attach/raw_query.hpp"
#include "faults.hpp"
#include "sockmap_helpers.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;

constexpr auto egress = test::attach_type::cgroup_inet_egress;
// More than a query has room for at first.
constexpr int many = 40;

template <class Query>
void fail_query(const Query& asked, const faults::tolerance& tolerated = faults::may_work) {
  test::syscall_supervisor supervisor;
  const faults::operation tested{
      .run = [&] { return outcome_of(query(asked)); },
      .after = [](const outcome&, const std::string&) {},
      .tolerated = tolerated,
  };
  expect(faults::fail_all(supervisor, faults::all_errors(), tested) >= faults::all_errors().size());
}

template <class Query>
std::string fails_well(const Query& asked) {
  return test::in_child([&] { fail_query(asked); }).failure();
}

}  // namespace

TEST_CASE("faults: queries", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto below = cgroup.child("below");
  const auto directory = test::open_file(below, O_RDONLY | O_CLOEXEC);
  for (const int target : {cgroup.get(), directory.get()}) {
    for (int count = 0; count < many; ++count) {
      const auto program = load_egress();
      REQUIRE(test::prog_attach({target, program.get(), egress, test::flag::allow_multi}) == 0);
    }
  }
  CHECK(fails_well(cgroup_query{.cgroup = below, .hook = cgroup_hook::inet_egress}) == "");
  CHECK(fails_well(cgroup_query{
            .cgroup = fd_ref{directory.get()}, .hook = cgroup_hook::inet_egress, .view = attached_view::effective}) ==
        "");
  CHECK(fails_well(raw_query{.target = fd_ref{directory.get()}, .hook = attach_type::cgroup_inet_egress}) == "");
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  CHECK(fails_well(netns_query{.hook = netns_hook::sk_lookup}) == "");
  CHECK(fails_well(raw_query{.target = raw_target::this_netns(), .hook = attach_type::sk_lookup}) == "");
}

TEST_CASE("faults: queries of interfaces", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (lacks_tcx_links()) return;
  const auto in_netns = [](const std::function<void(const test::netns_fixture&)>& f) {
    return test::in_child(
               [&] {
                 const test::netns_fixture netns;
                 f(netns);
               },
               100)
        .failure();
  };
  CHECK(in_netns([](const test::netns_fixture& netns) {
          netns.run([] {
            for (int count = 0; count < many; ++count) {
              const auto program = load_tc();
              expect_equal(test::prog_attach({1, program.get(), test::attach_type::tcx_ingress}), 0);
            }
            fail_query(tcx_query{.interface = 1, .hook = tcx_hook::ingress});
          });
        }) == "");
  CHECK(in_netns([](const test::netns_fixture& netns) {
          const interface_target there{ifindex{1}, fd_ref{netns.get()}};
          // Where nobody can tell whether a namespace is the caller's own, it is entered.
          fail_query(raw_query{.target = there, .hook = attach_type::tcx_egress},
                     [](const test::system_call& call, int error) {
                       return call.number == SYS_fstat || call.number == SYS_newfstatat || call.number == SYS_statx ||
                              faults::may_work(call, error);
                     });
        }) == "");
  if (!has_netkit()) return;
  CHECK(in_netns([](const test::netns_fixture& netns) {
          netns.run([] {
            make_netkit("near", "far");
            fail_query(netkit_query{.interface = index_of("near"), .hook = netkit_hook::peer});
          });
        }) == "");
}

TEST_CASE("faults: a query of a map", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 18, "queries of maps"));
  const auto map = socket_map();
  CHECK(fails_well(sockmap_query{.map = fd_ref{map.get()}, .hook = sockmap_hook::msg_verdict}) == "");
}

}  // namespace bpflink
