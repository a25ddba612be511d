// SPDX-License-Identifier: MIT
// What belongs to a tcx hook itself: its revision, and which programs it takes.
#include <string>

#include "support/catch.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

TEST_CASE("tcx: the revision moves with each change, and begins anew where all programs are gone", "[tcx]") {
  SKIP_IF(test::needs_root());
  if (lacks_tcx_links()) return;
  test::netns_fixture().run([] {
    const tcx_query asked{.interface = 1, .hook = tcx_hook::ingress};
    const auto now = [&] { return query(asked)->revision()->value(); };
    const auto one = load_tc();
    const auto two = load_tc();
    auto link = attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = borrow(one)});
    REQUIRE(sentence(link) == "");
    const auto first = now();
    REQUIRE(sentence(link->update(borrow(two))) == "");
    CHECK(now() > first);
    {
      const auto beside = attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = borrow(one)});
      REQUIRE(sentence(beside) == "");
      CHECK(now() > first + 1);
    }
    CHECK(sentence(link->close()) == "");
    CHECK(test::eventually([&] { return now() == 1; }));
  });
}

TEST_CASE("tcx: a program that was loaded for one of the hooks serves at both", "[tcx]") {
  SKIP_IF(test::needs_root());
  if (lacks_tcx_links()) return;
  test::netns_fixture().run([] {
    for (const auto loaded_for : {test::attach_type::tcx_ingress, test::attach_type::tcx_egress}) {
      const auto drop = test::load_counted(test::prog_type::sched_cls, loaded_for, tc_drop);
      for (const auto hook : {tcx_hook::ingress, tcx_hook::egress}) {
        INFO(to_string(hook));
        const auto link = attach(tcx_options{.interface = 1, .hook = hook, .program = borrow(drop)});
        REQUIRE(sentence(link) == "");
        CHECK(lo_drops(drop));
      }
    }
  });
}

}  // namespace bpflink
