// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "bpflink/attach/raw_link.hpp"
#include "netns_programs.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/rtnetlink.hpp"
#include "support/seccomp.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;
using test::contains;

expected<link_handle> link_to(raw_target target, attach_type hook, program_ref program) {
  return attach(raw_link_options{.target = target, .hook = hook, .program = program});
}

}  // namespace

TEST_CASE("raw_link: what would be misread is refused without a system call", "[raw_link]") {
  SKIP_IF(test::needs_root());
  const auto program = test::load({.type = of::xdp, .code = test::return_value(2)});
  const fd_ref descriptor{program.get()};
  const auto refused = [&](raw_target target, attach_type hook, const std::string& words) {
    check_refused(link_to(target, hook, borrow(program)), errc::invalid_argument, cause::bad_option, 0, words);
  };
  refused(descriptor, attach_type::xdp, "this hook takes an interface, not a descriptor");
  refused(descriptor, attach_type::tcx_ingress, "takes an interface");
  refused(raw_target::none(), attach_type::netkit_peer, "takes an interface, not no target");
  refused(ifindex{1}, attach_type::cgroup_inet_egress, "this hook takes a descriptor, not an interface");
  refused(ifindex{1}, attach_type::sk_lookup, "takes a descriptor");
  refused(raw_target::none(), attach_type::sk_msg_verdict, "takes a descriptor");
  refused(ifindex{1}, attach_type::perf_event, "takes a descriptor");
  refused(descriptor, attach_type::trace_iter, "this hook takes no target, not a descriptor");

  const auto with = [&](raw_link_options options, const std::string& words) {
    check_refused(attach(options), errc::invalid_argument, cause::bad_option, 0, words);
  };
  with({.target = ifindex{1}, .hook = attach_type::xdp, .program = borrow(program), .cookie = cookie{1}}, "no cookie");
  with({.target = ifindex{1}, .hook = attach_type::xdp, .program = borrow(program), .target_btf_id = 1}, "no BTF type");

  const unique_fd empty;
  check_refused(link_to(ifindex{1}, attach_type::xdp, empty), errc::bad_handle, cause::empty_handle, 0,
                "the program handle is empty");
  check_refused(link_to(empty, attach_type::sk_lookup, borrow(program)), errc::bad_handle, cause::empty_handle, 0,
                "the target handle is empty");
  check_refused(link_to(empty, attach_type{200}, borrow(program)), errc::bad_handle, cause::empty_handle, 0,
                "link to unknown (200): the target handle is empty");
}

TEST_CASE("raw_link: what a cgroup refuses is told by its cause", "[raw_link]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 7, "links"));
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const auto misfit = test::load({.type = of::xdp, .code = test::return_value(2)});
  const fd_ref here{cgroup.get()};
  const auto egress = attach_type::cgroup_inet_egress;
  check_refused(link_to(fd_ref{9999}, egress, borrow(program)), errc::bad_handle, cause::closed_descriptor, EBADF,
                "descriptor is closed");
  check_refused(link_to(fd_ref{program.get()}, egress, borrow(program)), errc::invalid_argument, cause::not_a_cgroup,
                EBADF, "no cgroup v2 directory");
  check_refused(link_to(here, egress, borrow(misfit)), errc::wrong_type, cause::wrong_program_type, EINVAL,
                "is of type xdp, this hook takes cgroup_skb");
  check_refused(link_to(here, egress, fd_ref{9999}), errc::bad_handle, cause::closed_descriptor, EBADF,
                "the program's descriptor 9999 is closed");
  check_refused(link_to(here, egress, fd_ref{cgroup.get()}), errc::wrong_type, cause::not_a_program, EINVAL,
                "not that of a program");
  const auto other_hook = test::load(
      {.type = of::cgroup_sock_addr, .code = test::return_value(1), .expected_attach_type = at::cgroup_inet4_connect});
  check_refused(link_to(here, attach_type::cgroup_inet4_bind, borrow(other_hook)), errc::wrong_type,
                cause::wrong_expected_attach_type, EINVAL, "was loaded for cgroup_inet4_connect");
  REQUIRE(test::prog_attach({.target = cgroup.get(), .program_fd = program.get(), .type = at::cgroup_inet_egress}) ==
          0);
  check_refused(link_to(here, egress, borrow(program)), errc::permission_denied, cause::parent_forbids, EPERM,
                "in a mode that allows no other");
  REQUIRE(test::prog_detach(cgroup.get(), program.get(), at::cgroup_inet_egress) == 0);
  cgroup.remove();
  check_refused(link_to(here, egress, borrow(program)), errc::defunct, cause::target_gone, ENOENT, "was removed");
}

TEST_CASE("raw_link: what a namespace, interface or perf event refuses is told by its cause", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const auto lookup = load_lookup();
  const auto dissector = load_dissector();
  const fd_ref here{netns.get()};
  check_refused(link_to(fd_ref{lookup.get()}, attach_type::sk_lookup, borrow(lookup)), errc::invalid_argument,
                cause::not_a_network_namespace, EINVAL, "no namespace");
  const auto held = link_to(here, attach_type::flow_dissector, borrow(dissector));
  REQUIRE(sentence(held) == "");
  check_refused(link_to(here, attach_type::flow_dissector, borrow(dissector)), errc::limit, cause::slot_taken, E2BIG,
                "held by the link with id " + std::to_string(held->info()->id.value()));

  const auto xdp = test::load({.type = of::xdp, .code = test::return_value(2)});
  check_refused(link_to(ifindex{9999}, attach_type::xdp, borrow(xdp)), errc::not_found, cause::no_such_interface,
                EINVAL, "9999");
  check_refused(link_to(ifindex{1}, attach_type::xdp, borrow(lookup)), errc::wrong_type, cause::wrong_program_type,
                EINVAL, "is of type sk_lookup, this hook takes xdp");
  if (test::at_least(6, 6)) {
    const auto classifier = test::load({.type = of::sched_cls});
    check_refused(link_to(ifindex{9999}, attach_type::tcx_egress, borrow(classifier)), errc::not_found,
                  cause::no_such_interface, ENODEV, "9999");
    netns.run([&] {
      const auto first = link_to(ifindex{1}, attach_type::tcx_egress, borrow(classifier));
      REQUIRE(sentence(first) == "");
      check_refused(link_to(ifindex{1}, attach_type::tcx_egress, borrow(classifier)), errc::already_exists,
                    cause::already_attached, EEXIST,
                    "held by the link with id " + std::to_string(first->info()->id.value()));
    });
  }
  if (test::at_least(5, 15)) {
    const auto tracepoint = test::load({.type = of::tracepoint});
    check_refused(link_to(here, attach_type::perf_event, borrow(tracepoint)), errc::invalid_argument,
                  cause::not_a_perf_event, EBADF, "the target is no perf event");
    check_refused(link_to(fd_ref{9999}, attach_type::perf_event, borrow(tracepoint)), errc::bad_handle,
                  cause::closed_descriptor, EBADF, "descriptor 9999 is closed");
  }
}

TEST_CASE("raw_link: what a map refuses is told by its cause", "[raw_link]") {
  SKIP_IF(test::needs_root());
  // Before, no map takes a link.
  if (!test::at_least(6, 10)) return;
  const auto map = test::create_map(test::map_type::sockmap, 4, 4);
  const auto array = test::counter_map();
  const auto program = test::load({.type = of::sk_skb, .expected_attach_type = at::sk_skb_verdict, .name = "first"});
  const auto stream = test::load({.type = of::sk_skb, .expected_attach_type = at::sk_skb_stream_verdict});
  const auto verdict = attach_type::sk_skb_verdict;
  check_refused(link_to(fd_ref{array.get()}, verdict, borrow(program)), errc::wrong_type, cause::wrong_map_type, EINVAL,
                "neither a sockmap nor a sockhash");
  check_refused(link_to(fd_ref{program.get()}, verdict, borrow(program)), errc::wrong_type, cause::not_a_map, EINVAL,
                "the target's descriptor is not that of a map");
  const auto held = link_to(fd_ref{map.get()}, verdict, borrow(program));
  REQUIRE(sentence(held) == "");
  check_refused(link_to(fd_ref{map.get()}, attach_type::sk_skb_stream_verdict, borrow(stream)), errc::busy,
                cause::slot_taken, EBUSY, "is attached at sk_skb_verdict, which excludes sk_skb_stream_verdict");
  const auto other = test::load({.type = of::sk_skb, .expected_attach_type = at::sk_skb_verdict});
  check_refused(link_to(fd_ref{map.get()}, verdict, borrow(other)), errc::busy, cause::slot_taken, EBUSY,
                "held by the link with id " + std::to_string(held->info()->id.value()));
}

TEST_CASE("raw_link: a hook that the kernel does not know stays unexplained", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 7, "links"));
  const auto program = test::load({.type = of::xdp, .code = test::return_value(2)});
  check_refused(link_to(raw_target::none(), attach_type{200}, borrow(program)), errc::not_supported, cause::unknown,
                EINVAL, "link to unknown (200): the kernel refused without a reason");
  check_refused(link_to(raw_target::none(), attach_type{200}, fd_ref{9999}), errc::bad_handle, cause::closed_descriptor,
                EBADF, "9999 is closed");
}

TEST_CASE("raw_link: a kernel without links is told", "[raw_link]") {
  SKIP_IF(test::needs_seccomp());
  SKIP_IF(test::needs_cgroup2());
  CHECK(test::on_old_kernel("old-raw-link", [] { test::refuse_bpf({test::command::link_create}); }).failure() == "");
}

TEST_CASE("old raw_link: links are missing, whatever the target", "[.][old-raw-link]") {
  const test::netns_fixture netns;
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const auto refused = link_to(fd_ref{cgroup.get()}, attach_type::cgroup_inet_egress, borrow(program));
  check_refused(refused, errc::not_supported, cause::missing_feature, EINVAL, "5.7");
  if (test::at_least(4, 20)) {
    const auto dissector = load_dissector();
    check_refused(link_to(fd_ref{netns.get()}, attach_type::flow_dissector, borrow(dissector)), errc::not_supported,
                  cause::missing_feature, EINVAL, "5.8");
  }
  const auto xdp = test::load({.type = of::xdp, .code = test::return_value(2)});
  check_refused(link_to(ifindex{1}, attach_type::xdp, borrow(xdp)), errc::not_supported, cause::missing_feature, EINVAL,
                "5.9");
  const auto map = test::create_map(test::map_type::sockmap, 4, 4);
  const auto stream = test::load({.type = of::sk_skb, .expected_attach_type = at::sk_skb_stream_verdict});
  check_refused(link_to(fd_ref{map.get()}, attach_type::sk_skb_stream_verdict, borrow(stream)), errc::not_supported,
                cause::missing_feature, EINVAL, "6.10");
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof attr;
  const auto event = test::must(test::fd(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)),
                                "opening a perf event");
  const auto tracepoint = test::load({.type = of::tracepoint});
  check_refused(link_to(fd_ref{event.get()}, attach_type::perf_event, borrow(tracepoint)), errc::not_supported,
                cause::missing_feature, EINVAL, "5.15");
}

}  // namespace bpflink
