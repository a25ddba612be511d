// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_query.hpp"

#include <string>
#include <vector>

#include "bpflink/attach/raw_link.hpp"
#include "order_helpers.hpp"
#include "raw_program.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

expected<attached_programs> ask(raw_target target, attach_type hook, attached_view view = attached_view::here) {
  return query(raw_query{.target = target, .hook = hook, .view = view});
}

}  // namespace

TEST_CASE("query: a cgroup by its bare hook, and what runs for it", "[query]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const fd_ref here{cgroup.get()};
  REQUIRE(sentence(attach_at(here, attach_type::cgroup_inet_egress, borrow(program), attach_mode::override)) == "");
  const auto found = ask(here, attach_type::cgroup_inet_egress);
  REQUIRE(sentence(found) == "");
  CHECK(ids_in(*found) == std::vector{test::program_id(program.get())});
  CHECK(found->mode() == attach_mode::override);
  const auto effective = ask(here, attach_type::cgroup_inet_egress, attached_view::effective);
  REQUIRE(sentence(effective) == "");
  CHECK(effective->contains(program_id{test::program_id(program.get())}));
  CHECK_FALSE(effective->mode());
  // The one hook of cgroups that wants more of a query; programs for it are seldom to be had.
  const auto lsm = ask(here, attach_type::lsm_cgroup);
  if (lsm) CHECK(lsm->empty());
  if (!lsm) CHECK(lsm.error() == errc::not_supported);
}

TEST_CASE("query: the program of a map", "[query]") {
  SKIP_IF(test::needs_root());
  const auto map = test::create_map(test::map_type::sockmap, 4, 4, 2);
  const fd_ref here{map.get()};
  const auto parser = attach_type::sk_skb_stream_parser;
  if (!test::at_least(5, 18)) {
    const auto unknown = ask(here, parser);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error() == errc::not_supported);
    return;
  }
  CHECK(ask(here, parser)->empty());
  const auto program = test::load({.type = of::sk_skb, .expected_attach_type = at::sk_skb_stream_parser});
  REQUIRE(sentence(attach_at(here, parser, borrow(program))) == "");
  const auto found = ask(here, parser);
  REQUIRE(sentence(found) == "");
  CHECK(ids_in(*found) == std::vector{test::program_id(program.get())});
  CHECK(sentence(detach_from(here, parser, borrow(program))) == "");
  const auto array = test::counter_map();
  const auto wrong = ask(fd_ref{array.get()}, parser);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error() == errc::wrong_type);
  CHECK(wrong.error().cause() == cause::wrong_map_type);
}

TEST_CASE("query: an interface here and in another network namespace, with links and revision", "[query]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture netns;
  const interface_target elsewhere{ifindex{1}, fd_ref{netns.get()}};
  const auto hook = attach_type::tcx_ingress;
  if (!test::at_least(6, 6)) {
    const auto unknown = ask(elsewhere, hook);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error() == errc::not_supported);
    return;
  }
  const auto bare = test::load({.type = of::sched_cls});
  const auto linked = test::load({.type = of::sched_cls});
  REQUIRE(sentence(attach_at(elsewhere, hook, borrow(bare))) == "");
  const auto link = attach(raw_link_options{.target = elsewhere, .hook = hook, .program = borrow(linked)});
  REQUIRE(sentence(link) == "");
  const auto check = [&](const expected<attached_programs>& found) {
    REQUIRE(sentence(found) == "");
    CHECK(ids_in(*found) == ids_of({&bare, &linked}));
    CHECK_FALSE((*found)[0].link);
    CHECK((*found)[1].link == link->info()->id);
    CHECK(found->revision() == revision{3});
    CHECK_FALSE(found->mode());
  };
  check(ask(elsewhere, hook));
  netns.run([&] { check(ask(ifindex{1}, hook)); });
  check_refused(ask(interface_target{ifindex{9999}, fd_ref{netns.get()}}, hook), errc::not_found,
                cause::no_such_interface, ENODEV, "of interface 9999 of the network namespace of descriptor");
  check_refused(ask(interface_target{ifindex{1}, "/dev/null"}, hook), errc::invalid_argument,
                cause::not_a_network_namespace, EINVAL, "it is no namespace");
  CHECK(sentence(detach_from(elsewhere, hook, borrow(bare))) == "");
}

TEST_CASE("query: what no kernel tells, or not of this target, is refused", "[query]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture netns;
  const auto program = load_egress();
  const fd_ref some{program.get()};
  const auto bad = [&](raw_target target, attach_type hook, attached_view view, const std::string& words) {
    check_refused(ask(target, hook, view), errc::invalid_argument, cause::bad_option, 0, words);
  };
  bad(ifindex{1}, attach_type::cgroup_inet_egress, attached_view::here, "takes a descriptor, not an interface");
  bad(raw_target::this_netns(), attach_type::tcx_egress, attached_view::here,
      "takes an interface, not this network namespace");
  bad(raw_target::none(), attach_type::flow_dissector, attached_view::here, "takes a descriptor, not no target");
  bad(some, attach_type::sk_msg_verdict, attached_view::effective, "only cgroups");
  const unique_fd empty;
  check_refused(ask(empty, attach_type::cgroup_device), errc::bad_handle, cause::empty_handle, 0,
                "target handle is empty");

  check_refused(ask(some, attach_type::lirc_mode2), errc::not_supported, cause::missing_configuration, EINVAL,
                "CONFIG_BPF_LIRC_MODE2");
  check_refused(ask(ifindex{1}, attach_type::xdp), errc::not_supported, cause::no_such_operation, EINVAL,
                "does not tell what is attached at xdp");
  check_refused(ask(raw_target::none(), attach_type::netfilter), errc::not_supported, cause::no_such_operation, EINVAL,
                "does not tell");
  check_refused(ask(some, static_cast<attach_type>(200)), errc::not_supported, cause::no_such_operation, EINVAL,
                "query unknown (200)");
}

}  // namespace bpflink
