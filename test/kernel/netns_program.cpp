// SPDX-License-Identifier: MIT
// Programs that a network namespace has without a link, beside those that it has by link.
#include <string>
#include <vector>

#include "bpflink/attach/raw_query.hpp"
#include "netns_programs.hpp"
#include "raw_program.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

constexpr auto dissector_hook = attach_type::flow_dissector;

std::vector<program_id> told() {
  const auto found = query(raw_query{.target = raw_target::this_netns(), .hook = dissector_hook});
  REQUIRE(sentence(found) == "");
  std::vector<program_id> ids;
  for (const auto& row : *found) ids.push_back(row.program);
  return ids;
}

}  // namespace

TEST_CASE("netns: a flow dissector without a link takes the place of another one", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 5, "flow dissectors that can be swapped"));
  const test::netns_fixture netns;
  const auto first = load_dissector("first");
  const auto second = load_dissector("second");
  const auto here = raw_target::this_netns();
  netns.run([&] {
    CHECK(sentence(attach_at(here, dissector_hook, borrow(first))) == "");
    CHECK(sentence(attach_at(here, dissector_hook, borrow(second))) == "");
    CHECK(told() == std::vector{program_id{test::program_id(second.get())}});
  });
  CHECK(dissected(netns, first) == 0);
  CHECK(dissected(netns, second) == 1);
  netns.run([&] { CHECK(sentence(detach_from(here, dissector_hook, borrow(second))) == ""); });
  CHECK(dissected(netns, second) == 0);
}

TEST_CASE("netns: what a link holds is not detached without it", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "links to network namespaces"));
  const test::netns_fixture netns;
  const auto held = load_dissector("held");
  const auto other = load_dissector("other");
  const auto link =
      attach(netns_options{.netns = fd_ref{netns.get()}, .hook = netns_hook::flow_dissector, .program = borrow(held)});
  REQUIRE(sentence(link) == "");
  const auto holder = name_of(held) + ", held by the link with id " + std::to_string(link->info()->id.value()) +
                      ", is attached there, but not without a link";
  netns.run([&] {
    const auto here = raw_target::this_netns();
    check_refused(detach_from(here, dissector_hook, borrow(held)), errc::not_found, cause::not_attached, EINVAL,
                  holder);
    check_refused(detach_from(here, dissector_hook, borrow(other)), errc::not_found, cause::other_program, EINVAL,
                  name_of(held) + " is attached there, not " + name_of(other));
    check_refused(attach_at(here, dissector_hook, borrow(other)), errc::busy, cause::slot_taken, EEXIST,
                  "held by the link with id ");
  });
  CHECK(dissected(netns, held) == 1);
}

TEST_CASE("netns: sk_lookup programs come and go by link only", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const auto lookup = load_lookup();
  const raw_target here{fd_ref{netns.get()}};
  check_refused(attach_at(here, attach_type::sk_lookup, borrow(lookup)), errc::not_supported, cause::no_such_operation,
                EINVAL, "by a link only");
  check_refused(detach_from(here, attach_type::sk_lookup, borrow(lookup)), errc::not_supported,
                cause::no_such_operation, EINVAL, "by a link only");
}

TEST_CASE("netns: a flow dissector's target is this network namespace, and said so", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(4, 20, "flow dissectors"));
  const test::netns_fixture netns;
  const auto program = load_dissector();
  const auto bad = [&](raw_target target, const std::string& words) {
    check_refused(attach_at(target, dissector_hook, borrow(program)), errc::invalid_argument, cause::bad_option, 0,
                  words);
    check_refused(detach_from(target, dissector_hook, borrow(program)), errc::invalid_argument, cause::bad_option, 0,
                  words);
  };
  bad(raw_target::none(), "this hook takes this network namespace, not no target");
  bad(fd_ref{netns.get()}, "this hook takes this network namespace, not a descriptor");
  netns.run([&] {
    const auto here = raw_target::this_netns();
    check_refused(detach_from(here, dissector_hook, fd_ref{0}), errc::invalid_argument, cause::bad_option, 0,
                  "descriptor 0");
    check_refused(detach_from(here, dissector_hook, fd_ref{9999}), errc::bad_handle, cause::closed_descriptor, EBADF,
                  "9999 is closed");
  });
}

}  // namespace bpflink
