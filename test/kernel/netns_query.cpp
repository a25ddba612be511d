// SPDX-License-Identifier: MIT
// What is attached to a network namespace.
#include <string>
#include <vector>

#include "bpflink/attach/raw_query.hpp"
#include "child_helpers.hpp"
#include "netns_programs.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

expected<attached_programs> ask(netns_target target, netns_hook hook) {
  return query(netns_query{.netns = target, .hook = hook});
}

}  // namespace

TEST_CASE("query: a network namespace, however it is named", "[query]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const fd_ref file{netns.get()};
  const auto lookup = load_lookup();
  const auto dissector = load_dissector();
  for (const auto hook : {netns_hook::sk_lookup, netns_hook::flow_dissector}) {
    INFO(to_string(hook));
    const auto& program = hook == netns_hook::sk_lookup ? lookup : dissector;
    const program_id id{test::program_id(program.get())};
    CHECK(ask(file, hook)->empty());
    const auto link = attach(netns_options{.netns = file, .hook = hook, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    const auto check = [&](const expected<attached_programs>& found) {
      REQUIRE(sentence(found) == "");
      CHECK(found->size() == 1);
      CHECK((*found)[0].program == id);
      CHECK_FALSE((*found)[0].link);
      CHECK_FALSE(found->revision());
      CHECK_FALSE(found->mode());
    };
    check(ask(file, hook));
    check(ask("/proc/self/fd/" + std::to_string(netns.get()), hook));
    check(query(raw_query{.target = file, .hook = static_cast<attach_type>(hook)}));
    netns.run([&] {
      check(ask(netns_target::current(), hook));
      check(query(raw_query{.target = raw_target::this_netns(), .hook = static_cast<attach_type>(hook)}));
    });
  }
}

TEST_CASE("query: several sk_lookup programs stand in their order", "[query]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  std::vector<netns_link> links;
  std::vector<program_id> ids;
  for (int count = 0; count < 64; ++count) {
    const auto program = load_lookup();
    auto link =
        attach(netns_options{.netns = fd_ref{netns.get()}, .hook = netns_hook::sk_lookup, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    links.push_back(*std::move(link));
    ids.emplace_back(test::program_id(program.get()));
  }
  const auto found = ask(fd_ref{netns.get()}, netns_hook::sk_lookup);
  REQUIRE(sentence(found) == "");
  std::vector<program_id> told;
  for (const auto& row : *found) told.push_back(row.program);
  CHECK(told == ids);
}

TEST_CASE("query: what cannot be asked of a network namespace is told by its cause", "[query]") {
  SKIP_IF(test::needs_root());
  const auto refused = [](netns_target target, netns_hook hook, errc code, bpflink::cause why, int number,
                          const std::string& words) { check_refused(ask(target, hook), code, why, number, words); };
  const unique_fd empty;
  refused(empty, netns_hook::sk_lookup, errc::bad_handle, cause::empty_handle, 0, "network namespace handle is empty");
  refused(netns_target::current(), netns_hook{}, errc::invalid_argument, cause::bad_option, 0, "no such hook");
  refused("/nowhere", netns_hook::sk_lookup, errc::not_found, cause::no_such_path, ENOENT,
          "query sk_lookup of /nowhere: no such path");
  if (!test::at_least(5, 9)) {
    const auto found = ask(netns_target::current(), netns_hook::sk_lookup);
    REQUIRE_FALSE(found);
    CHECK(found.error() == errc::not_supported);
    return;
  }
  refused("/proc/self/ns/mnt", netns_hook::sk_lookup, errc::invalid_argument, cause::not_a_network_namespace, EINVAL,
          "it is a mount namespace");
  refused("/dev/null", netns_hook::flow_dissector, errc::invalid_argument, cause::not_a_network_namespace, EINVAL,
          "it is no namespace");
  refused(fd_ref{9999}, netns_hook::sk_lookup, errc::bad_handle, cause::closed_descriptor, EBADF, "is closed");
  refused(process_id{0x7fffffff}, netns_hook::sk_lookup, errc::not_found, cause::no_such_process, ENOENT,
          "there is no such process");
  CHECK(test::in_child([&] {
          test::become_nobody();
          const auto error = failure_of(ask(netns_target::current(), netns_hook::sk_lookup));
          expect(error == errc::permission_denied, error.message());
          expect_contains(error.message(), "CAP_NET_ADMIN is missing");
        }).failure() == "");
}

}  // namespace bpflink
