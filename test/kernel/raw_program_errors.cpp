// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "bpflink/attach/raw_link.hpp"
#include "netns_programs.hpp"
#include "raw_program.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/privileges.hpp"
#include "support/rtnetlink.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

constexpr auto egress = attach_type::cgroup_inet_egress;

expected<link_handle> link_to(raw_target target, attach_type hook, program_ref program) {
  return attach(raw_link_options{.target = target, .hook = hook, .program = program});
}

std::string held_by(const expected<link_handle>& link) {
  return ", held by the link with id " + std::to_string(link->info()->id.value()) + ",";
}

}  // namespace

TEST_CASE("raw_program: what cannot be is refused without a system call", "[raw_program]") {
  SKIP_IF(test::needs_root());
  const auto program = load_egress();
  const fd_ref some{program.get()};
  const unique_fd empty;
  const auto bad = [&](raw_attach_options options, const std::string& words) {
    check_refused(attach_program(options), errc::invalid_argument, cause::bad_option, 0, words);
  };
  const auto which = borrow(program);
  bad({.target = ifindex{1}, .hook = egress, .program = which}, "takes a descriptor, not an interface");
  bad({.target = some, .hook = attach_type::tcx_egress, .program = which}, "takes an interface, not a descriptor");
  bad({.target = some, .hook = attach_type::flow_dissector, .program = which},
      "takes this network namespace, not a descriptor");
  bad({.target = some, .hook = attach_type::sk_msg_verdict, .program = which, .mode = attach_mode::multi},
      "only cgroups have modes");
  bad({.target = some,
       .hook = egress,
       .program = which,
       .mode = attach_mode::override,
       .position = position::replacing(which)},
      "a position is of mode multi only");
  bad({.target = some, .hook = attach_type::lirc_mode2, .program = which, .position = position::replacing(which)},
      "replaces no program");
  const auto nothing = [&](raw_attach_options options, const std::string& words) {
    check_refused(attach_program(options), errc::bad_handle, cause::empty_handle, 0, words);
  };
  nothing({.target = some, .hook = egress, .program = empty}, "the program handle is empty");
  nothing({.target = empty, .hook = egress, .program = which}, "the target handle is empty");
  nothing({.target = some, .hook = egress, .program = which, .position = position::replacing(empty)},
          "the replaced program handle is empty");
  check_refused(detach_from(some, egress, empty), errc::bad_handle, cause::empty_handle, 0, "program handle is empty");
  check_refused(detach_from(ifindex{1}, egress, which), errc::invalid_argument, cause::bad_option, 0, "a descriptor");
}

TEST_CASE("raw_program: a program or target that does not fit is told", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const auto misfit = test::load({.type = of::xdp, .code = test::return_value(2)});
  const fd_ref here{cgroup.get()};
  for (const bool attaching : {true, false}) {
    INFO((attaching ? "attach" : "detach"));
    const auto refused = [&](raw_target target, program_ref which) {
      return attaching ? attach_at(target, egress, which) : detach_from(target, egress, which);
    };
    check_refused(refused(fd_ref{9999}, borrow(program)), errc::bad_handle, cause::closed_descriptor, EBADF,
                  "descriptor");
    check_refused(refused(fd_ref{program.get()}, borrow(program)), errc::invalid_argument, cause::not_a_cgroup, EBADF,
                  "no cgroup v2 directory");
  }
  check_refused(attach_at(here, egress, borrow(misfit)), errc::wrong_type, cause::wrong_program_type, EINVAL,
                "is of type xdp, this hook takes cgroup_skb");
  check_refused(attach_at(here, egress, fd_ref{9999}), errc::bad_handle, cause::closed_descriptor, EBADF,
                "9999 is closed");
  check_refused(detach_from(here, egress, fd_ref{9999}), errc::bad_handle, cause::closed_descriptor, EBADFD,
                "9999 is closed");
  REQUIRE(sentence(attach_at(here, egress, borrow(program), attach_mode::multi)) == "");
  check_refused(detach_from(here, egress, fd_ref{9999}), errc::bad_handle, cause::closed_descriptor, EINVAL,
                "9999 is closed");
  check_refused(detach_from(here, egress, borrow(misfit)), errc::wrong_type, cause::wrong_program_type, EINVAL,
                "is of type xdp");
  REQUIRE(sentence(detach_from(here, egress, borrow(program))) == "");
  cgroup.remove();
  check_refused(attach_at(here, egress, borrow(program)), errc::defunct, cause::target_gone, ENOENT, "was removed");
  check_refused(detach_from(here, egress, borrow(program)), errc::defunct, cause::target_gone, ENOENT, "was removed");
}

TEST_CASE("raw_program: what forbids a mode at a cgroup is told", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto below = cgroup.child("below");
  const auto directory = test::open_file(below, O_RDONLY | O_CLOEXEC);
  const fd_ref here{cgroup.get()};
  const auto there = load_egress("there");
  const auto next = load_egress("next");
  const attach_mode modes[] = {attach_mode::exclusive, attach_mode::override, attach_mode::multi};
  for (const auto present : modes) {
    REQUIRE(sentence(attach_at(here, egress, borrow(there), present)) == "");
    for (const auto wanted : modes) {
      INFO(to_string(wanted) << " while " << to_string(present));
      const auto refused = attach_at(here, egress, borrow(next), wanted);
      if (wanted == present) {
        CHECK(sentence(refused) == "");
        continue;
      }
      const auto words = wanted == attach_mode::multi ? std::string{"in a mode that allows no other"}
                                                      : "is attached there in mode " + std::string{to_string(present)};
      check_refused(refused, errc::permission_denied, cause::parent_forbids, EPERM, words);
    }
    const auto in_child = attach_at(fd_ref{directory.get()}, egress, borrow(next), attach_mode::multi);
    if (present == attach_mode::exclusive) {
      check_refused(in_child, errc::permission_denied, cause::parent_forbids, EPERM, "in a mode that allows no other");
    } else {
      CHECK(sentence(in_child) == "");
      CHECK(sentence(detach_from(fd_ref{directory.get()}, egress, borrow(next))) == "");
    }
    CHECK(sentence(detach_from(here, egress, borrow(next))) == "");
    if (present == attach_mode::multi) CHECK(sentence(detach_from(here, egress, borrow(there))) == "");
  }
}

TEST_CASE("raw_program: what stands against a replacement in a cgroup is told", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 8, "information on links"));
  test::cgroup_fixture cgroup;
  const fd_ref here{cgroup.get()};
  const auto there = load_egress("there");
  const auto next = load_egress("next");
  const auto absent = load_egress("absent");
  const auto replace = [&](const test::counted_program& program, program_ref old) {
    return attach_program(
        {.target = here, .hook = egress, .program = borrow(program), .position = position::replacing(old)});
  };
  check_refused(replace(next, borrow(absent)), errc::not_found, cause::not_attached, ENOENT,
                "no program is attached there");
  REQUIRE(sentence(attach_at(here, egress, borrow(there), attach_mode::multi)) == "");
  check_refused(attach_at(here, egress, borrow(there), attach_mode::multi), errc::already_exists,
                cause::already_attached, EINVAL, name_of(there) + " is attached");
  check_refused(replace(next, borrow(absent)), errc::not_found, cause::other_program, ENOENT,
                name_of(there) + " is attached there, not " + name_of(absent));
  check_refused(replace(next, fd_ref{9999}), errc::bad_handle, cause::closed_descriptor, EBADF,
                "the replaced program's descriptor 9999 is closed");
  check_refused(replace(next, fd_ref{cgroup.get()}), errc::wrong_type, cause::not_a_program, EINVAL,
                "the replaced program's descriptor is not that of a program");

  REQUIRE(sentence(attach_at(here, egress, borrow(next), attach_mode::multi)) == "");
  check_refused(replace(next, borrow(there)), errc::already_exists, cause::already_attached, EINVAL,
                name_of(next) + " is attached");

  const auto link = link_to(here, egress, borrow(absent));
  REQUIRE(sentence(link) == "");
  const auto words = name_of(absent) + held_by(link) + " is attached there, but not without a link";
  const auto newest = load_egress();
  check_refused(replace(newest, borrow(absent)), errc::not_found, cause::not_attached, ENOENT, words);
  check_refused(detach_from(here, egress, borrow(absent)), errc::not_found, cause::not_attached, ENOENT, words);
  CHECK(sentence(detach_from(here, egress, borrow(there))) == "");
  CHECK(sentence(detach_from(here, egress, borrow(next))) == "");
}

TEST_CASE("raw_program: a 65th program at a cgroup's hook is one too many", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const fd_ref here{cgroup.get()};
  std::vector<test::fd> programs;
  const auto one_more = [&] {
    programs.push_back(test::load({.type = of::cgroup_skb, .code = test::return_value(1)}));
    return attach_at(here, egress, borrow(programs.back()), attach_mode::multi);
  };
  for (int count = 0; count < 64; ++count) REQUIRE(sentence(one_more()) == "");
  check_refused(one_more(), errc::limit, cause::too_many, E2BIG, "64 programs, the most there can be");
  programs.pop_back();
  for (const auto& program : programs) CHECK(sentence(detach_from(here, egress, borrow(program))) == "");
}

TEST_CASE("raw_program: a slot that a link holds is told with the link", "[raw_program]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "links to network namespaces"));
  const test::netns_fixture netns;
  const auto there = load_dissector("there");
  const auto next = load_dissector("next");
  const auto link = link_to(fd_ref{netns.get()}, attach_type::flow_dissector, borrow(there));
  REQUIRE(sentence(link) == "");
  netns.run([&] {
    check_refused(attach_at(raw_target::this_netns(), attach_type::flow_dissector, borrow(next)), errc::busy,
                  cause::slot_taken, EEXIST, name_of(there) + held_by(link));
  });
  if (test::at_least(6, 6)) {
    const auto classifier = test::load_counted(of::sched_cls, at::tcx_ingress, -1, "classifier");
    const auto other = test::load({.type = of::sched_cls});
    netns.run([&] {
      const auto tcx = link_to(ifindex{1}, attach_type::tcx_ingress, borrow(classifier));
      REQUIRE(sentence(tcx) == "");
      const auto words = name_of(classifier) + held_by(tcx);
      check_refused(detach_from(ifindex{1}, attach_type::tcx_ingress, borrow(classifier)), errc::busy,
                    cause::slot_taken, EBUSY, words);
      check_refused(attach_program({.target = ifindex{1},
                                    .hook = attach_type::tcx_ingress,
                                    .program = borrow(other),
                                    .position = position::replacing(borrow(classifier))}),
                    errc::busy, cause::slot_taken, EBUSY, words);
    });
  }
  if (!test::at_least(6, 10)) return;
  const auto map = test::create_map(test::map_type::sockmap, 4, 4);
  const auto verdict = test::load({.type = of::sk_skb, .expected_attach_type = at::sk_skb_verdict});
  const auto sockmap = link_to(fd_ref{map.get()}, attach_type::sk_skb_verdict, borrow(verdict));
  REQUIRE(sentence(sockmap) == "");
  for (const bool attaching : {true, false}) {
    const auto refused = attaching ? attach_at(fd_ref{map.get()}, attach_type::sk_skb_verdict, borrow(verdict))
                                   : detach_from(fd_ref{map.get()}, attach_type::sk_skb_verdict, borrow(verdict));
    check_refused(refused, errc::busy, cause::slot_taken, EBUSY, held_by(sockmap));
  }
}

TEST_CASE("raw_program: what is no map, interface or hook without a link is told", "[raw_program]") {
  SKIP_IF(test::needs_root());
  const auto array = test::counter_map();
  const auto parser = test::load({.type = of::sk_skb, .expected_attach_type = at::sk_skb_stream_parser});
  const auto hook = attach_type::sk_skb_stream_parser;
  check_refused(attach_at(fd_ref{parser.get()}, hook, borrow(parser)), errc::wrong_type, cause::not_a_map, EINVAL,
                "the target's descriptor is not that of a map");
  check_refused(attach_at(fd_ref{9999}, hook, borrow(parser)), errc::bad_handle, cause::closed_descriptor, EBADF,
                "descriptor 9999 is closed");
  const auto wrong_map = attach_at(fd_ref{array.get()}, hook, borrow(parser));
  REQUIRE_FALSE(wrong_map);
  CHECK(wrong_map.error() == errc::wrong_type);
  CHECK(wrong_map.error().cause() == cause::wrong_map_type);

  if (test::at_least(6, 6)) {
    const auto classifier = test::load({.type = of::sched_cls});
    check_refused(attach_at(ifindex{9999}, attach_type::tcx_ingress, borrow(classifier)), errc::not_found,
                  cause::no_such_interface, ENODEV, "9999");
    check_refused(detach_from(ifindex{9999}, attach_type::tcx_ingress, borrow(classifier)), errc::not_found,
                  cause::no_such_interface, ENODEV, "9999");
  }
  const auto xdp = test::load({.type = of::xdp, .code = test::return_value(2), .expected_attach_type = at::xdp});
  if (test::at_least(5, 9)) {
    check_refused(attach_at(ifindex{1}, attach_type::xdp, borrow(xdp)), errc::not_supported, cause::no_such_operation,
                  EINVAL, "by a link only");
    const test::netns_fixture netns;
    const auto lookup = load_lookup();
    check_refused(attach_at(fd_ref{netns.get()}, attach_type::sk_lookup, borrow(lookup)), errc::not_supported,
                  cause::no_such_operation, EINVAL, "by a link only");
  }
}

TEST_CASE("raw_program: who may not ask what is attached is told that it is not that program", "[raw_program]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 0, "detaching without any capability"));
  const auto map = test::create_map(test::map_type::sockmap, 4, 4, 2);
  const auto program = test::load({.type = of::sk_msg, .expected_attach_type = at::sk_msg_verdict});
  CHECK(test::in_child([&] {
          test::become_nobody();
          const auto refused = detach_from(fd_ref{map.get()}, attach_type::sk_msg_verdict, borrow(program));
          test::expect(!refused && refused.error() == errc::not_found, sentence(refused));
          test::expect(refused.error().cause() == cause::not_attached);
          test::expect_equal(refused.error().sys_errno(), ENOENT);
          test::expect_equal(std::string{refused.error().reason()}, "the program is not attached there");
        }).failure() == "");
}

TEST_CASE("raw_program: a missing capability is told by its name", "[raw_program]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(6, 0, "attaching without any capability"));
  test::cgroup_fixture cgroup;
  const fd_ref here{cgroup.get()};
  const auto program = load_egress();
  const auto device = test::load_counted(of::cgroup_device, at::cgroup_device, 1);
  CHECK(test::in_child([&] {
          const auto expect_missing = [](const expected<void>& result, int number) {
            test::expect(!result);
            test::expect_equal(result.error().sys_errno(), number);
            test::expect(result.error().cause() == cause::missing_capability, result.error().message());
            test::expect(result.error().reason().find("CAP_NET_ADMIN") != std::string_view::npos);
          };
          test::expect_equal(::setresuid(65534, 65534, 65534), 0);
          expect_missing(attach_at(here, egress, borrow(program), attach_mode::multi), EINVAL);
          test::expect_equal(sentence(attach_at(here, attach_type::cgroup_device, borrow(device))), "");
          expect_missing(detach_from(here, attach_type::cgroup_device, borrow(device)), EPERM);
        }).failure() == "");
  CHECK(sentence(detach_from(here, attach_type::cgroup_device, borrow(device))) == "");
}

}  // namespace bpflink
