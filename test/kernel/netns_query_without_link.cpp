// SPDX-License-Identifier: MIT
#include <string>

#include "bpflink/attach/netns.hpp"
#include "bpflink/attach/raw_query.hpp"
#include "netns_programs.hpp"
#include "raw_program.hpp"
#include "support/privileges.hpp"

namespace bpflink {

TEST_CASE("query: a flow dissector that was attached without a link", "[query]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 5, "flow dissectors of a namespace"));
  const test::netns_fixture netns;
  const auto program = load_dissector();
  netns.run([&] {
    const auto here = raw_target::this_netns();
    REQUIRE(sentence(attach_at(here, attach_type::flow_dissector, borrow(program))) == "");
    const auto check = [&](const expected<attached_programs>& found) {
      REQUIRE(sentence(found) == "");
      REQUIRE(found->size() == 1);
      CHECK((*found)[0].program == program_id{test::program_id(program.get())});
      CHECK_FALSE((*found)[0].link);
    };
    check(query(netns_query{.hook = netns_hook::flow_dissector}));
    check(query(raw_query{.target = here, .hook = attach_type::flow_dissector}));
    CHECK(sentence(detach_from(here, attach_type::flow_dissector, borrow(program))) == "");
    CHECK(query(netns_query{.hook = netns_hook::flow_dissector})->empty());
  });
}

}  // namespace bpflink
