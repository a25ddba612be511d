// SPDX-License-Identifier: MIT
// Whoever has the descriptors of programs and targets attaches without any capability. Whoever asks what is attached
// needs one, and is told which.
#include "unprivileged.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/raw_link.hpp"
#include "bpflink/attach/raw_tracepoint.hpp"
#include "bpflink/attach/sockmap.hpp"
#include "bpflink/attach/struct_ops.hpp"
#include "bpflink/attach/uprobe_multi.hpp"
#include "bpflink/attach/xdp.hpp"
#include "child_helpers.hpp"
#include "iterator_programs.hpp"
#include "netfilter_helpers.hpp"
#include "netns_programs.hpp"
#include "socket_helpers.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/congestion_control.hpp"
#include "support/mount_namespace.hpp"
#include "support/seccomp.hpp"
#include "tc_helpers.hpp"
#include "uprobe_targets.hpp"

namespace bpflink {

namespace {

// Runs in a child, in a network namespace of its own: first what root prepares, then what nobody does with it.
std::string as_nobody(const std::function<std::function<void()>()>& prepare) {
  return test::in_child([&] {
           test::netns_fixture().run([&] {
             const auto use = prepare();
             test::become_nobody();
             use();
           });
         })
      .failure();
}

template <class Link>
void expect_attached(const expected<Link>& link, const std::string& hook) {
  expect(link.has_value(), hook + ": " + sentence(link));
}

void expect_missing(const bpf_error& error, const std::string& capability) {
  expect(error == errc::permission_denied, error.message());
  expect(error.cause() == cause::missing_capability, error.message());
  expect_contains(std::string{error.reason()}, capability + " is missing");
}

}  // namespace

TEST_CASE("privileges: the network's hooks take none to attach", "[errors]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 19, "bpf(2) for users"));
  CHECK(as_nobody([]() -> std::function<void()> {
          struct world {
            test::counted_program xdp = load_xdp();
            test::counted_program lookup = load_lookup();
            test::counted_program dissector = load_dissector();
            test::counted_program classifier = load_tc();
            test::counted_program filter = load_filter(filter_keep);
            std::optional<test::counted_program> netfilter;
            unix_pair sockets;
          };
          const auto with = std::make_shared<world>();
          if (test::at_least(6, 4)) with->netfilter.emplace(load_netfilter());
          return [with] {
            expect_attached(attach(xdp_options{.interface = 1, .program = borrow(with->xdp)}), "xdp");
            const auto at_netns = [](netns_hook hook, const test::counted_program& program) {
              return attach(netns_options{.hook = hook, .program = borrow(program)});
            };
            expect_attached(at_netns(netns_hook::sk_lookup, with->lookup), "sk_lookup");
            expect_attached(at_netns(netns_hook::flow_dissector, with->dissector), "flow_dissector");
            expect_attached(attach(socket_filter_options{.socket = fd_ref{with->sockets.receiver.get()},
                                                         .program = borrow(with->filter)}),
                            "socket filter");
            if (test::at_least(6, 6)) {
              expect_attached(
                  attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = borrow(with->classifier)}),
                  "tcx");
            }
            if (with->netfilter) {
              expect_attached(attach(netfilter_options{.family = netfilter_family::ipv4,
                                                       .hook = netfilter_hook::local_in,
                                                       .program = borrow(*with->netfilter)}),
                              "netfilter");
            }
          };
        }) == "");
}

TEST_CASE("privileges: iterators, raw tracepoints, uprobes and tables of functions take none to attach", "[errors]") {
  SKIP_IF(test::needs_struct_ops());
  SKIP_IF(test::needs_kernel(5, 19, "bpf(2) for users"));
  CHECK(as_nobody([]() -> std::function<void()> {
          struct world {
            test::fd tasks = load_iterator("task");
            test::fd tracepoint = test::load({.type = test::prog_type::raw_tracepoint});
            std::optional<test::fd> uprobe;
            test::congestion_control control;
            std::optional<test::fd> table;
          };
          const auto with = std::make_shared<world>();
          if (test::at_least(6, 6)) {
            with->uprobe.emplace(test::load(
                {.type = test::prog_type::kprobe, .expected_attach_type = test::attach_type::trace_uprobe_multi}));
          }
          if (test::at_least(6, 4)) with->table.emplace(with->control.filled_map());
          return [with] {
            const auto link = attach(iterator_options{.program = borrow(with->tasks)});
            expect_attached(link, "iterator");
            expect_equal(sentence(link->open()), "");
            expect_attached(attach(raw_tracepoint_options{.name = "task_newtask", .program = borrow(with->tracepoint)}),
                            "raw tracepoint");
            const auto place = test::offset_of(test::first_target);
            if (with->uprobe) {
              expect_attached(attach(uprobe_multi_options{
                                  .path = "/proc/self/exe", .offsets = {&place, 1}, .program = borrow(*with->uprobe)}),
                              "uprobe multi");
            }
            if (with->table) {
              expect_attached(attach(struct_ops_options{.map = fd_ref{with->table->get()}}), "struct_ops");
            }
          };
        }) == "");
}

TEST_CASE("privileges: what queries, ids and filters without a link need is told", "[errors]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 19, "bpf(2) for users"));
  CHECK(as_nobody([]() -> std::function<void()> {
          const auto program = std::make_shared<test::counted_program>(load_xdp());
          const auto classifier = std::make_shared<test::counted_program>(load_tc());
          return [program, classifier] {
            expect_missing(failure_of(query(netns_query{.hook = netns_hook::flow_dissector})), "CAP_NET_ADMIN");
            expect_missing(failure_of(link_handle::from_id(link_id{1})), "CAP_SYS_ADMIN");
            expect_missing(failure_of(bpflink::program::from_id(program_id{1})), "CAP_SYS_ADMIN");
            const auto asked = query(tcx_query{.interface = 1, .hook = tcx_hook::ingress});
            if (test::at_least(6, 6)) {
              expect_missing(failure_of(asked), "CAP_NET_ADMIN");
            } else {
              expect_missing(failure_of(attach(tcx_options{
                                 .interface = 1, .hook = tcx_hook::ingress, .program = borrow(*classifier)})),
                             "CAP_NET_ADMIN");
            }
            // Who may not ask who holds an interface is told all that the kernel tells anybody.
            const auto held = must(attach(xdp_options{.interface = 1, .program = borrow(*program)}));
            const auto taken = failure_of(attach(xdp_options{.interface = 1, .program = borrow(*program)}));
            expect(taken == errc::busy && taken.cause() == cause::slot_taken, taken.message());
          };
        }) == "");
}

// What the kernel says before Linux 5.19 to whoever has no CAP_BPF, whatever is asked.
TEST_CASE("privileges: where bpf(2) is closed as a whole, what opens it is told", "[errors]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_seccomp());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const test::directory_fixture directory;
  const test::cgroup_fixture cgroup;
  const auto setting = directory / "setting";
  const auto closed_by = [&](const char* value, const std::function<void(const bpf_error&)>& check) {
    REQUIRE(test::fd{::open(setting.c_str(), O_CREAT | O_CLOEXEC, 0644)});
    REQUIRE(test::write_file(setting, value) == 0);
    return test::in_mount_namespace([&] {
             test::bind_over(setting, "/proc/sys/kernel/unprivileged_bpf_disabled");
             test::netns_fixture().run([&] {
               const auto loaded = load_xdp();
               const auto program = borrow(loaded);
               const auto map = test::must(test::create_map(test::map_type::sockmap, 4, 4, 1), "making a map");
               const fd_ref target{map.get()};
               const fd_ref group{cgroup.get()};
               auto link =
                   must(attach(raw_link_options{.target = ifindex{1}, .hook = attach_type::xdp, .program = program}));
               const auto place = test::offset_of(test::first_target);
               test::refuse_call(SYS_bpf, EPERM);
               test::become_nobody();
               check(failure_of(
                   attach(cgroup_options{.cgroup = group, .hook = cgroup_hook::inet4_connect, .program = program})));
               check(failure_of(attach(netns_options{.hook = netns_hook::sk_lookup, .program = program})));
               check(failure_of(attach(iterator_options{.program = program})));
               check(failure_of(attach(raw_tracepoint_options{.name = "sys_enter", .program = program})));
               check(failure_of(attach(xdp_options{.interface = 1, .program = program})));
               check(failure_of(attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = program})));
               check(failure_of(attach(netfilter_options{
                   .family = netfilter_family::ipv4, .hook = netfilter_hook::local_in, .program = program})));
               check(failure_of(attach(sockmap_options{.map = target,
                                                       .hook = sockmap_hook::msg_verdict,
                                                       .program = program,
                                                       .eviction = eviction::allowed})));
               check(failure_of(attach(struct_ops_options{.map = target})));
               check(failure_of(
                   attach(uprobe_multi_options{.path = "/proc/self/exe", .offsets = {&place, 1}, .program = program})));
               check(failure_of(link.update(program)));
               check(failure_of(link.info()));
             });
           })
        .failure();
  };
  CHECK(closed_by("2\n", [](const bpf_error& error) {
          expect_missing(error, "CAP_BPF");
          expect_equal(error.sys_errno(), EPERM);
          expect_contains(std::string{error.reason()}, "without which bpf(2) is closed here");
          expect_contains(std::string{error.hint()}, "kernel.unprivileged_bpf_disabled");
        }) == "");
  // Then it is something else that does not permit it, and that is not told.
  CHECK(closed_by("0\n", [](const bpf_error& error) {
          expect(error == errc::permission_denied, error.message());
          expect(error.cause() == cause::unknown, error.message());
        }) == "");
}

}  // namespace bpflink
