// SPDX-License-Identifier: MIT
// What an ordered hook of an interface refuses, and what the library makes of it.
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "positions.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"

namespace bpflink {

namespace {

using positions::at_hook;
using positions::on_each_hook;
using test::contains;

struct verdict {
  errc code;
  cause why;
  int number;  // errno; 0 where no system call was made
};

template <class Result>
void check_refused(const Result& result, const verdict& expected_verdict, const std::string& words) {
  INFO(words);
  const auto error = error_of(result);
  check_error(error, expected_verdict.code, expected_verdict.why, expected_verdict.number, words);
  CHECK((error.operation() == operation::none) == (expected_verdict.number == 0));
}

}  // namespace

TEST_CASE("positions: the same program twice is told, with the link that holds it", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    const auto twin = load_tc(tc_next, "twin");
    const auto link = hook.attached(twin);
    check_refused(hook.attach(borrow(twin)), {errc::already_exists, cause::already_attached, EEXIST},
                  name_of(twin) + ", held by the link with id " + std::to_string(positions::id_of_link(link).value()) +
                      ", is attached there already");
    const auto other = load_tc();
    auto second = hook.attached(other);
    check_refused(second.update(borrow(twin)), {errc::already_exists, cause::already_attached, EEXIST},
                  name_of(twin) + " is attached at this hook already");
  });
}

TEST_CASE("positions: what is not attached there is no anchor", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    const verdict missing{errc::not_found, cause::anchor_missing, ENOENT};
    const auto program = load_tc();
    const auto idle = load_tc(tc_next, "idle");
    const auto there = load_tc(tc_next, "there");
    const auto words = name_of(idle) + ", which the position is relative to, is not attached there";
    check_refused(hook.attach(borrow(program), position::before(borrow(idle))), missing, words);
    check_refused(hook.attach(borrow(program), position::after(id_of(idle))), missing, words);
    const auto link = hook.attached(there);
    check_refused(hook.attach(borrow(program), position::before(borrow(idle))), missing, "there is " + name_of(there));

    // Of another interface.
    const auto elsewhere = attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = borrow(idle)});
    REQUIRE(sentence(elsewhere) == "");
    const auto id = test::info_of_link(elsewhere->fd().get()).id();
    const auto link_words = "the link with id " + std::to_string(id) + ", which the position is relative to";
    check_refused(hook.attach(borrow(program), position::before(*elsewhere)), missing, link_words);
    check_refused(hook.attach(borrow(program), position::after(link_id{id})), missing, link_words);

    // Detached meanwhile.
    auto past = hook.attached(load_tc());
    REQUIRE(sentence(past.detach()) == "");
    check_refused(hook.attach(borrow(program), position::before(past)), missing, "which the position is relative to");
    CHECK(hook.order().size() == 1);
  });
}

TEST_CASE("positions: a link or program of another kind is no anchor", "[positions]") {
  SKIP_IF(test::needs_cgroup2());
  on_each_hook([](const at_hook& hook) {
    const verdict missing{errc::not_found, cause::anchor_missing, EINVAL};
    const auto program = load_tc();
    const auto egress = load_egress("egress");
    test::cgroup_fixture cgroup;
    auto link = attach(
        cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = borrow(egress)});
    REQUIRE(sentence(link) == "");
    check_refused(hook.attach(borrow(program), position::before(*link)), missing, "is not attached there");
    check_refused(hook.attach(borrow(program), position::after(borrow(egress))), missing,
                  name_of(egress) + ", which the position is relative to, is not attached there");
    check_refused(hook.attach(borrow(program), position::before(id_of(egress))), missing, "is not attached there");
  });
}

TEST_CASE("positions: ids that are nobody's, and descriptors that are closed or of something else", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    const auto program = load_tc();
    check_refused(hook.attach(borrow(program), position::before(program_id{0x7fffff00})),
                  {errc::not_found, cause::no_such_id, ENOENT}, "program id 2147483392 is nobody's");
    check_refused(hook.attach(borrow(program), position::after(link_id{0x7fffff00})),
                  {errc::not_found, cause::no_such_id, ENOENT}, "link id 2147483392 is nobody's");
    check_refused(hook.attach(borrow(program), position::before(program_ref{fd_ref{9999}})),
                  {errc::bad_handle, cause::closed_descriptor, EBADF},
                  "position's program's descriptor 9999 is closed");
    const auto null = test::open_file("/dev/null", 0);
    check_refused(hook.attach(borrow(program), position::before(program_ref{fd_ref{null.get()}})),
                  {errc::wrong_type, cause::not_a_program, EINVAL}, "position's program's descriptor is not that of");

    // A link whose descriptor somebody closed, and one whose number is something else's now.
    const auto other = load_tc();
    link_handle closed{hook.attached(other)};
    const int number = closed.fd().get();
    REQUIRE(::close(number) == 0);
    check_refused(hook.attach(borrow(program), position::before(closed)),
                  {errc::bad_handle, cause::closed_descriptor, EBADF}, "is closed");
    REQUIRE(::dup2(null.get(), number) == number);
    check_refused(hook.attach(borrow(program), position::before(closed)), {errc::wrong_type, cause::not_a_link, EINVAL},
                  "is that of no link");
  });
}

TEST_CASE("positions: an empty anchor is refused before any system call", "[positions]") {
  SKIP_IF(test::needs_root());
  const auto program = load_tc();
  const auto refused = [&](const position& where, errc code, cause why, const std::string& words) {
    check_refused(
        attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = borrow(program), .position = where}),
        {code, why, 0}, words);
    check_refused(attach(netkit_options{
                      .interface = 1, .hook = netkit_hook::peer, .program = borrow(program), .position = where}),
                  {code, why, 0}, words);
  };
  const link_handle nothing;
  refused(position::before(nothing), errc::bad_handle, cause::empty_handle, "position's link handle is empty");
  refused(position::after(program_ref{fd_ref{}}), errc::bad_handle, cause::empty_handle,
          "position's program handle is empty");
  // The kernel would take it for "before all".
  refused(position::before(program_ref{fd_ref{0}}), errc::invalid_argument, cause::bad_option,
          "which the kernel takes for none");
  // The kernel would take it for any.
  const verdict unguarded{errc::invalid_argument, cause::bad_option, 0};
  check_refused(
      attach(tcx_options{
          .interface = 1, .hook = tcx_hook::ingress, .program = borrow(program), .expected_revision = revision{0}}),
      unguarded, "no hook has revision 0");
  check_refused(
      attach(netkit_options{
          .interface = 1, .hook = netkit_hook::peer, .program = borrow(program), .expected_revision = revision{0}}),
      unguarded, "no hook has revision 0");
}

TEST_CASE("positions: what is wrong with the program or the hook itself is told", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
    check_refused(hook.attach(borrow(filter)), {errc::wrong_type, cause::wrong_program_type, EINVAL},
                  "of type socket_filter, this hook takes sched_cls");
    const auto null = test::open_file("/dev/null", 0);
    check_refused(hook.attach(borrow(null)), {errc::wrong_type, cause::not_a_program, EINVAL}, "is not that of");
    check_refused(hook.attach(fd_ref{9999}), {errc::bad_handle, cause::closed_descriptor, EBADF}, "9999 is closed");
    check_refused(hook.attach(fd_ref{}), {errc::bad_handle, cause::empty_handle, 0}, "program");
  });
  const auto program = load_tc();
  check_refused(attach(tcx_options{.interface = 1, .hook = static_cast<tcx_hook>(54), .program = borrow(program)}),
                {errc::invalid_argument, cause::bad_option, 0}, "no such hook");
  check_refused(
      attach(netkit_options{.interface = 1, .hook = static_cast<netkit_hook>(46), .program = borrow(program)}),
      {errc::invalid_argument, cause::bad_option, 0}, "no such hook");
  check_refused(query(tcx_query{.interface = 1, .hook = static_cast<tcx_hook>(54)}),
                {errc::invalid_argument, cause::bad_option, 0}, "no such hook");
  check_refused(query(netkit_query{.interface = 1, .hook = static_cast<netkit_hook>(46)}),
                {errc::invalid_argument, cause::bad_option, 0}, "no such hook");
}

TEST_CASE("positions: 63 programs are the most", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook& hook) {
    std::vector<test::counted_program> programs;
    std::vector<link_handle> links;
    for (int count = 0; count < 63; ++count) {
      programs.push_back(load_tc());
      links.push_back(hook.attached(programs.back()));
    }
    CHECK(hook.order().size() == 63);
    const auto one_more = load_tc();
    check_refused(hook.attach(borrow(one_more)), {errc::limit, cause::too_many, ERANGE},
                  "63 programs, the most there can be, are attached there");
  });
}

TEST_CASE("positions: an index that is no interface's here is told", "[positions]") {
  SKIP_IF(test::needs_root());
  on_each_hook([](const at_hook&) {
    const auto program = load_tc();
    const verdict nobody{errc::not_found, cause::no_such_interface, ENODEV};
    const std::string words = "interface 9999: no interface of this network namespace has the index 9999";
    check_refused(
        attach(tcx_options{.interface = index_of(9999), .hook = tcx_hook::egress, .program = borrow(program)}), nobody,
        words);
    check_refused(query(tcx_query{.interface = index_of(9999), .hook = tcx_hook::egress}), nobody, words);
    if (!has_netkit()) return;
    check_refused(
        attach(netkit_options{.interface = index_of(9999), .hook = netkit_hook::peer, .program = borrow(program)}),
        nobody, words);
    check_refused(query(netkit_query{.interface = index_of(9999), .hook = netkit_hook::peer}), nobody, words);
  });
}

}  // namespace bpflink
