// SPDX-License-Identifier: MIT
// Kernels that lack a bpf command: what still works, and what is said of the rest. The hooks' own files show their
// fallbacks in full; here each command is missing once, for everything that uses it. The hidden cases run in a process
// whose kernel was made old by a seccomp filter.
#include <fcntl.h>

#include <cerrno>
#include <string>

#include "bpflink/bpflink.hpp"
#include "helpers.hpp"
#include "raw_kinds.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/constants.hpp"
#include "support/netns_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/raw_bpf.hpp"
#include "support/seccomp.hpp"
#include "support/traffic.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace type = test::prog_type;
using test::contains;

std::string without(const std::string& tag, std::initializer_list<std::uint32_t> missing) {
  return test::on_old_kernel(tag, [missing] { test::refuse_bpf(missing, EINVAL); }).failure();
}

// not_supported, and since when there is what is missing.
template <class T>
void check_missing(const expected<T>& result, const std::string& what, const std::string& since) {
  REQUIRE_FALSE(result);
  INFO(result.error().message());
  CHECK(result.error() == errc::not_supported);
  CHECK(result.error().cause() == cause::missing_feature);
  CHECK(result.error().sys_errno() == EINVAL);
  CHECK_THAT(result.error().message(), contains(what));
  CHECK_THAT(result.error().message(), contains(since));
}

std::uint64_t sent(test::cgroup_fixture& cgroup, const test::counted_program& program) {
  const auto before = program.runs();
  cgroup.enter([] { static_cast<void>(test::udp_send(test::family::ipv4)); });
  return program.runs() - before;
}

}  // namespace

TEST_CASE("old kernels: each command missing once", "[old_kernels]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  SKIP_IF(test::needs_kernel(6, 6, "all of the hooks, so that each is missing by the filter alone"));
  CHECK(without("no-link-create", {test::command::link_create}) == "");
  CHECK(without("no-iter-create", {test::command::iter_create}) == "");
  CHECK(without("no-object-info", {test::command::obj_get_info_by_fd, test::command::link_get_fd_by_id}) == "");
  CHECK(without("no-prog-query", {test::command::prog_query}) == "");
  CHECK(without("no-link-detach", {test::command::link_detach}) == "");
  CHECK(without("no-link-by-id", {test::command::link_get_fd_by_id}) == "");
}

TEST_CASE("without BPF_LINK_CREATE: older mechanisms serve, or their lack is told", "[.][no-link-create]") {
  test::cgroup_fixture cgroup;
  const auto egress = load_egress();
  auto link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(egress)});
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == mechanism::program_multi);
  CHECK(sent(cgroup, egress) == 1);
  CHECK(sentence(link->close()) == "");
  CHECK(sent(cgroup, egress) == 0);

  check_missing(attach(cgroup_options{.cgroup = cgroup.path(),
                                      .hook = cgroup_hook::inet_egress,
                                      .program = borrow(egress),
                                      .mechanism = mechanism_choice::link_only}),
                "links (BPF_LINK_CREATE)", "5.7");
  check_missing(
      attach(raw_link_options{
          .target = fd_ref{cgroup.get()}, .hook = attach_type::cgroup_inet_egress, .program = borrow(egress)}),
      "links (BPF_LINK_CREATE)", "5.7");

  const auto lookup = test::load_counted(type::sk_lookup, at::sk_lookup, 1);
  check_missing(attach(netns_options{.hook = netns_hook::sk_lookup, .program = borrow(lookup)}), "", "5.");
  const auto uprobe = test::load_counted(type::kprobe, at::trace_uprobe_multi, 0);
  const std::uint64_t offset = 0x1000;
  check_missing(
      attach(uprobe_multi_options{.path = "/proc/self/exe", .offsets = {&offset, 1}, .program = borrow(uprobe)}),
      "uprobe multi", "6.6");
  const auto tracepoint = test::load_counted(type::raw_tracepoint, 0, 0);
  const auto raw = attach(raw_tracepoint_options{.name = "sys_enter", .program = borrow(tracepoint)});
  REQUIRE(sentence(raw) == "");
  CHECK(raw->mechanism() == mechanism::raw_tracepoint);
  CHECK_FALSE(raw->can_pin());
}

TEST_CASE("without BPF_ITER_CREATE: the iterator attaches and cannot be read", "[.][no-iter-create]") {
  const auto program = test::load({.type = type::tracing,
                                   .code = test::return_value(0),
                                   .expected_attach_type = at::trace_iter,
                                   .attach_btf_id = test::vmlinux_btf::get().function("bpf_iter_task").value_or(0)});
  const auto link = attach(iterator_options{.program = borrow(program)});
  REQUIRE(sentence(link) == "");
  check_missing(link->open(), "BPF iterators", "5.8");
  check_missing(iterator_reader::open(link->fd()), "BPF iterators", "5.8");
}

TEST_CASE("without information: links work, and their kind is found all the same", "[.][no-object-info]") {
  test::cgroup_fixture cgroup;
  const test::bpffs_fixture pins;
  const auto egress = load_egress();
  auto link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(egress)});
  REQUIRE(sentence(link) == "");
  check_missing(link->info(), "information on links", "5.8");
  REQUIRE(sentence(link->pin(pins / "link")) == "");
  CHECK(sentence(link->close()) == "");
  auto reopened = cgroup_link::open_pinned(pins / "link");
  REQUIRE(sentence(reopened) == "");
  const auto wrong = netns_link::open_pinned(pins / "link");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().cause() == cause::wrong_link_type);
  CHECK(sentence(reopened->detach()) == "");
}

// Kinds whose attach, or whose place, is asked for by others.
TEST_CASE("without information: every kind of link lacks it alike", "[.][no-object-info]") {
  for (const auto& kind : raw_kinds()) {
    if (!test::at_least(kind.since.release, kind.since.minor)) continue;
    INFO(std::string{to_string(kind.type)});
    const auto made = kind.make();
    if (!made.link) continue;
    const auto adopted = link_handle::adopt(unique_fd::adopt(::fcntl(made.link.get(), F_DUPFD_CLOEXEC, 3)));
    REQUIRE(sentence(adopted) == "");
    check_missing(adopted->info(), "information on links", "5.8");
  }
}

TEST_CASE("without BPF_PROG_QUERY: attaching and detaching need none", "[.][no-prog-query]") {
  test::cgroup_fixture cgroup;
  const auto egress = load_egress();
  auto link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(egress)});
  REQUIRE(sentence(link) == "");
  CHECK(sentence(link->close()) == "");
  const raw_attach_options options{.target = fd_ref{cgroup.get()},
                                   .hook = attach_type::cgroup_inet_egress,
                                   .program = borrow(egress),
                                   .mode = attach_mode::multi};
  CHECK(sentence(attach_program(options)) == "");
  CHECK(sent(cgroup, egress) == 1);

  const auto told = [](const auto& asked) { check_missing(query(asked), "BPF_PROG_QUERY", "4.15"); };
  told(cgroup_query{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress});
  told(netns_query{.hook = netns_hook::flow_dissector});
  told(raw_query{.target = fd_ref{cgroup.get()}, .hook = attach_type::cgroup_inet_egress});
  if (test::at_least(6, 6)) told(tcx_query{.interface = 1, .hook = tcx_hook::ingress});
}

TEST_CASE("without BPF_LINK_DETACH: its lack is told, and closing detaches", "[.][no-link-detach]") {
  test::cgroup_fixture cgroup;
  const auto egress = load_egress();
  auto link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(egress)});
  REQUIRE(sentence(link) == "");
  check_missing(link->detach(), "BPF_LINK_DETACH", "5.9");
  CHECK(sent(cgroup, egress) == 1);
  CHECK(sentence(link->close()) == "");
  CHECK(sent(cgroup, egress) == 0);
}

TEST_CASE("without links by id: their lack is told", "[.][no-link-by-id]") {
  check_missing(link_handle::from_id(link_id{1}), "links by id", "5.8");
  check_missing(cgroup_link::from_id(link_id{1}), "links by id", "5.8");
}

}  // namespace bpflink
