// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_program.hpp"

#include <fcntl.h>

#include <string>
#include <vector>

#include "netns_programs.hpp"
#include "raw_program.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/privileges.hpp"
#include "support/rtnetlink.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

constexpr auto egress = attach_type::cgroup_inet_egress;

void send_in(const std::string& cgroup) {
  test::cgroup_fixture::enter(cgroup, [] { CHECK(test::udp_send() == 0); });
}

}  // namespace

TEST_CASE("raw_program: one program alone at a cgroup's hook, the next in its place", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto first = load_egress();
  const auto second = load_egress();
  const fd_ref here{cgroup.get()};
  CHECK(sentence(attach_at(here, egress, borrow(first))) == "");
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).attach_flags == 0);
  send_in(cgroup.path());
  CHECK(first.runs() == 1);

  CHECK(sentence(attach_at(here, egress, borrow(second))) == "");
  send_in(cgroup.path());
  CHECK(first.runs() == 1);
  CHECK(second.runs() == 1);

  CHECK(sentence(detach_from(here, egress, borrow(second))) == "");
  send_in(cgroup.path());
  CHECK(second.runs() == 1);
}

TEST_CASE("raw_program: a cgroup's program that those below may override", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto below = cgroup.child("below");
  const auto directory = test::open_file(below, O_RDONLY | O_CLOEXEC);
  const auto above = load_egress();
  const auto own = load_egress();
  CHECK(sentence(attach_at(fd_ref{cgroup.get()}, egress, borrow(above), attach_mode::override)) == "");
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).attach_flags == test::flag::allow_override);
  send_in(below);
  CHECK(above.runs() == 1);
  CHECK(sentence(attach_at(fd_ref{directory.get()}, egress, borrow(own), attach_mode::override)) == "");
  send_in(below);
  CHECK(above.runs() == 1);
  CHECK(own.runs() == 1);
  CHECK(sentence(detach_from(fd_ref{directory.get()}, egress, borrow(own))) == "");
  CHECK(sentence(detach_from(fd_ref{cgroup.get()}, egress, borrow(above))) == "");
  send_in(below);
  CHECK(above.runs() == 1);
}

TEST_CASE("raw_program: several programs at a cgroup's hook, one replaced by another", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 6, "replacing a program"));
  test::cgroup_fixture cgroup;
  const auto stays = load_egress();
  const auto old = load_egress();
  const auto next = load_egress();
  const fd_ref here{cgroup.get()};
  const auto ids = [&] { return test::query(cgroup.get(), at::cgroup_inet_egress).ids; };
  CHECK(sentence(attach_at(here, egress, borrow(old), attach_mode::multi)) == "");
  CHECK(sentence(attach_at(here, egress, borrow(stays), attach_mode::multi)) == "");
  // Neither the mode nor the flag has to be said.
  CHECK(sentence(attach_program(
            {.target = here, .hook = egress, .program = borrow(next), .position = position::replacing(borrow(old))})) ==
        "");
  CHECK(ids() == std::vector{test::program_id(next.get()), test::program_id(stays.get())});
  send_in(cgroup.path());
  CHECK(old.runs() == 0);
  CHECK(next.runs() == 1);
  CHECK(stays.runs() == 1);

  const auto gone = detach_from(here, egress, borrow(old));
  REQUIRE_FALSE(gone);
  CHECK(gone.error() == errc::not_found);
  CHECK(sentence(detach_from(here, egress, borrow(next))) == "");
  CHECK(ids() == std::vector{test::program_id(stays.get())});
  CHECK(sentence(detach_from(here, egress, borrow(stays))) == "");
}

TEST_CASE("raw_program: in the modes for one program no other one is detached", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const fd_ref here{cgroup.get()};
  const auto theirs = load_egress("theirs");
  const auto ours = load_egress("ours");
  for (const auto mode : {attach_mode::exclusive, attach_mode::override}) {
    INFO(to_string(mode));
    const auto none = detach_from(here, egress, borrow(ours));
    check_refused(none, errc::not_found, cause::not_attached, 0, "no program is attached there");
    CHECK(sentence(attach_at(here, egress, borrow(theirs), mode)) == "");
    const auto other = detach_from(here, egress, borrow(ours));
    check_refused(other, errc::not_found, cause::other_program, 0,
                  name_of(theirs) + " is attached there, not " + name_of(ours));
    CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids == std::vector{test::program_id(theirs.get())});
    CHECK(sentence(detach_from(here, egress, borrow(theirs))) == "");
    CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids.empty());
  }
}

TEST_CASE("raw_program: a program that comes just before detaching is not detached", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  // Before, nothing tells.
  if (!test::at_least(6, 17)) return;
  test::cgroup_fixture cgroup;
  const auto ours = load_egress();
  const auto theirs = load_egress();
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor{std::vector<long>{SYS_bpf}};
          test::expect_equal(sentence(attach_at(fd_ref{cgroup.get()}, egress, borrow(ours))), "");
          bool meddled = false;
          std::string answer;
          supervisor.with_handler(
              [&](const test::observed_call& call) {
                if (call.command() == test::command::prog_detach && !meddled) {
                  meddled = true;
                  test::prog_attach(
                      {.target = cgroup.get(), .program_fd = theirs.get(), .type = at::cgroup_inet_egress});
                }
                return test::verdict::proceed();
              },
              [&] {
                const auto detached = detach_from(fd_ref{cgroup.get()}, egress, borrow(ours));
                if (!detached) answer = to_string(detached.error().code());
              });
          test::expect(meddled);
          test::expect_equal(answer, "conflict");
          const auto left = test::query(cgroup.get(), at::cgroup_inet_egress).ids;
          test::expect(left == std::vector{test::program_id(theirs.get())}, "the other program was detached");
        }).failure() == "");
  CHECK(test::prog_detach(cgroup.get(), theirs.get(), at::cgroup_inet_egress) == 0);
}

TEST_CASE("raw_program: a program comes to a sockmap and goes", "[raw_program]") {
  SKIP_IF(test::needs_root());
  const auto map = test::create_map(test::map_type::sockmap, 4, 4, 2);
  const auto load = [] {
    return test::load({.type = of::sk_skb, .expected_attach_type = at::sk_skb_stream_parser, .license = "MIT"});
  };
  const auto first = load();
  const auto second = load();
  const fd_ref here{map.get()};
  const auto parser = attach_type::sk_skb_stream_parser;
  const auto ids = [&] { return test::query(map.get(), at::sk_skb_stream_parser).ids; };
  CHECK(sentence(attach_at(here, parser, borrow(first))) == "");
  if (!test::at_least(5, 18)) {
    CHECK(sentence(detach_from(here, parser, borrow(first))) == "");
    return;
  }
  CHECK(ids() == std::vector{test::program_id(first.get())});
  const raw_attach_options replacing{
      .target = here, .hook = parser, .program = borrow(second), .position = position::replacing(borrow(first))};
  CHECK(sentence(attach_program(replacing)) == "");
  CHECK(ids() == std::vector{test::program_id(second.get())});
  check_refused(attach_program(replacing), errc::conflict, cause::other_program, 0, "is attached there, not ");
  CHECK(ids() == std::vector{test::program_id(second.get())});

  check_refused(detach_from(here, parser, borrow(first)), errc::not_found, cause::other_program, ENOENT,
                "is attached there, not ");
  CHECK(sentence(detach_from(here, parser, borrow(second))) == "");
  CHECK(ids().empty());
  check_refused(detach_from(here, parser, borrow(second)), errc::not_found, cause::not_attached, ENOENT,
                "no program is attached there");
}

TEST_CASE("raw_program: a flow dissector in this thread's network namespace", "[raw_program]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 5, "flow dissectors that can be swapped"));
  const test::netns_fixture netns;
  const auto first = load_dissector("first");
  const auto second = load_dissector("second");
  const auto here = raw_target::this_netns();
  const auto hook = attach_type::flow_dissector;
  netns.run([&] {
    CHECK(sentence(attach_at(here, hook, borrow(first))) == "");
    check_refused(attach_at(here, hook, borrow(first)), errc::already_exists, cause::already_attached, EINVAL,
                  name_of(first) + ", attached without a link, is attached there already");
    check_refused(detach_from(here, hook, borrow(second)), errc::not_found, cause::other_program,
                  test::at_least(5, 8) ? ENOENT : 0, name_of(first) + " is attached there, not " + name_of(second));
  });
  CHECK(dissected(netns, first) == 1);
  netns.run([&] {
    const raw_attach_options replacing{
        .target = here, .hook = hook, .program = borrow(second), .position = position::replacing(borrow(first))};
    CHECK(sentence(attach_program(replacing)) == "");
    check_refused(attach_program(replacing), errc::conflict, cause::other_program, 0, "is attached there, not ");
  });
  CHECK(dissected(netns, first) == 0);
  CHECK(dissected(netns, second) == 1);
  netns.run([&] {
    CHECK(sentence(detach_from(here, hook, borrow(second))) == "");
    check_refused(detach_from(here, hook, borrow(second)), errc::not_found, cause::not_attached,
                  test::at_least(5, 8) ? ENOENT : 0, "no program is attached there");
  });
  CHECK(dissected(netns, second) == 0);
}

TEST_CASE("raw_program: tcx by interface", "[raw_program]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture netns;
  if (!test::at_least(6, 6)) {
    const auto program = test::load({.type = of::sched_cls});
    const auto refused = attach_at(ifindex{1}, attach_type::tcx_ingress, borrow(program));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::not_supported);
    return;
  }
  const auto first = test::load_counted(of::sched_cls, at::tcx_ingress, -1, "first");
  const auto second = test::load_counted(of::sched_cls, at::tcx_ingress, -1, "second");
  const raw_target here{ifindex{1}};
  const auto hook = attach_type::tcx_ingress;
  netns.run([&] {
    CHECK(sentence(attach_at(here, hook, borrow(first))) == "");
    CHECK(test::udp_send() == 0);
    CHECK(first.runs() > 0);
    check_refused(attach_at(here, hook, borrow(first)), errc::already_exists, cause::already_attached, EEXIST,
                  name_of(first) + ", attached without a link, is attached there already");
    const raw_attach_options replacing{
        .target = here, .hook = hook, .program = borrow(second), .position = position::replacing(borrow(first))};
    CHECK(sentence(attach_program(replacing)) == "");
    CHECK(test::query(1, at::tcx_ingress).ids == std::vector{test::program_id(second.get())});
    const auto third = test::load({.type = of::sched_cls});
    check_refused(
        attach_program(
            {.target = here, .hook = hook, .program = borrow(third), .position = position::replacing(borrow(first))}),
        errc::not_found, cause::other_program, ENOENT, "is attached there, not ");
    check_refused(detach_from(here, hook, borrow(first)), errc::not_found, cause::other_program, ENOENT,
                  name_of(second) + " is attached there, not " + name_of(first));
    CHECK(sentence(detach_from(here, hook, borrow(second))) == "");
    CHECK(test::query(1, at::tcx_ingress).ids.empty());
  });
}

TEST_CASE("raw_program: attaching is one call, detaching from a cgroup two or three", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const auto map = test::create_map(test::map_type::sockmap, 4, 4, 2);
  const auto parser = test::load({.type = of::sk_skb, .expected_attach_type = at::sk_skb_stream_parser});
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor;
          const auto calls = [&](const std::function<expected<void>()>& f) {
            return test::names(supervisor.record_calls([&] { test::expect_equal(sentence(f()), ""); }));
          };
          const fd_ref here{cgroup.get()};
          const fd_ref there{map.get()};
          const auto hook = attach_type::sk_skb_stream_parser;
          test::expect_equal(calls([&] { return attach_at(here, egress, borrow(program)); }), "bpf(8)");
          test::expect_equal(calls([&] { return detach_from(here, egress, borrow(program)); }),
                             "bpf(16) bpf(15) bpf(9)");
          test::expect_equal(calls([&] { return attach_at(here, egress, borrow(program), attach_mode::multi); }),
                             "bpf(8)");
          test::expect_equal(calls([&] { return detach_from(here, egress, borrow(program)); }), "bpf(16) bpf(9)");
          test::expect_equal(calls([&] { return attach_at(there, hook, borrow(parser)); }), "bpf(8)");
          test::expect_equal(calls([&] { return detach_from(there, hook, borrow(parser)); }), "bpf(9)");
        }).failure() == "");
}

}  // namespace bpflink
