// SPDX-License-Identifier: MIT
// Flow dissectors without links, as before Linux 5.8: the hidden cases run where BPF_LINK_CREATE is unknown.
#include <sys/syscall.h>

#include <cerrno>
#include <string>
#include <vector>

#include "child_helpers.hpp"
#include "link_checks.hpp"
#include "netns_programs.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
using test::contains;

netns_options flow_dissector(const test::counted_program& program) {
  return {.hook = netns_hook::flow_dissector, .program = borrow(program)};
}

}  // namespace

TEST_CASE("netns: without links a flow dissector is attached in this namespace, the rest is told", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 5, "flow dissectors that can be swapped"));
  SKIP_IF(test::needs_seccomp());
  CHECK(test::on_old_kernel("old-netns", [] { test::refuse_bpf({test::command::link_create}); }).failure() == "");
}

TEST_CASE("netns: without links and queries a flow dissector is attached all the same", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 5, "flow dissectors that can be swapped"));
  SKIP_IF(test::needs_seccomp());
  CHECK(test::on_old_kernel("oldest-netns", [] {
          test::refuse_bpf({test::command::link_create, test::command::prog_query});
        }).failure() == "");
}

TEST_CASE("old netns: attached, swapped and detached in its own namespace", "[.][old-netns]") {
  const test::netns_fixture netns;
  const auto first = load_dissector("first");
  const auto second = load_dissector("second");
  auto link = attach_inside(netns, flow_dissector(first));
  REQUIRE(sentence(link) == "");
  check_no_bpf_link(*link, mechanism::program_exclusive);
  CHECK(dissected(netns, first) == 1);

  // From here, which is another namespace.
  CHECK(sentence(link->update(borrow(second))) == "");
  CHECK(dissected(netns, first) == 0);
  CHECK(dissected(netns, second) == 1);
  CHECK(sentence(link->update(borrow(second))) == "");
  const auto conflict = link->update(borrow(first), borrow(first));
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error() == errc::conflict);
  CHECK_THAT(conflict.error().message(),
             contains(name_of(second) + " is attached there, not the expected " + name_of(first)));
  CHECK(sentence(link->update(borrow(first), borrow(second))) == "");
  CHECK(programs_in(netns, at::flow_dissector) == std::vector{test::program_id(first.get())});

  CHECK(sentence(link->detach()) == "");
  CHECK(programs_in(netns, at::flow_dissector).empty());
  check_stays_detached(*link, borrow(second));
}

TEST_CASE("old netns: closing detaches in the namespace where it is, from whichever thread", "[.][old-netns]") {
  const test::netns_fixture netns;
  const test::netns_fixture other;
  const auto program = load_dissector();
  const auto mine = load_dissector();
  const auto own = test::own_netns_inode();
  auto link = attach_inside(netns, flow_dissector(program));
  REQUIRE(sentence(link) == "");
  auto theirs = attach_inside(other, flow_dissector(mine));
  REQUIRE(sentence(theirs) == "");

  other.run([&] {
    const auto before = test::own_netns_inode();
    CHECK(sentence(link->close()) == "");
    CHECK(test::own_netns_inode() == before);
  });
  CHECK(programs_in(netns, at::flow_dissector).empty());
  CHECK(programs_in(other, at::flow_dissector).size() == 1);
  { const link_handle dropped = *std::move(theirs); }
  CHECK(programs_in(other, at::flow_dissector).empty());
  CHECK(test::own_netns_inode() == own);
}

TEST_CASE("old netns: nobody else's program is thrown out or detached", "[.][old-netns]") {
  const test::netns_fixture netns;
  const auto theirs = load_dissector("theirs");
  const auto ours = load_dissector("ours");
  const auto attach_theirs = [&] {
    netns.run([&] { CHECK(test::prog_attach({.program_fd = theirs.get(), .type = at::flow_dissector}) == 0); });
  };
  attach_theirs();
  const auto taken = attach_inside(netns, flow_dissector(ours));
  REQUIRE_FALSE(taken);
  CHECK(taken.error() == errc::busy);
  CHECK(taken.error().cause() == cause::slot_taken);
  CHECK_THAT(taken.error().message(), contains(name_of(theirs) + ", attached without a link, is attached"));
  REQUIRE(taken.error().first() != nullptr);
  CHECK(taken.error().first()->code() == errc::not_supported);
  const auto twice = attach_inside(netns, flow_dissector(theirs));
  REQUIRE_FALSE(twice);
  CHECK(twice.error() == errc::already_exists);
  netns.run([&] { CHECK(test::prog_detach(0, theirs.get(), at::flow_dissector) == 0); });

  auto link = attach_inside(netns, flow_dissector(ours));
  REQUIRE(sentence(link) == "");
  attach_theirs();
  const auto updated = link->update(borrow(ours));
  REQUIRE_FALSE(updated);
  CHECK(updated.error() == errc::conflict);
  const auto closed = link->close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error() == errc::not_found);
  CHECK(closed.error().cause() == cause::not_attached);
  CHECK(programs_in(netns, at::flow_dissector) == std::vector{test::program_id(theirs.get())});
  netns.run([&] { CHECK(test::prog_detach(0, theirs.get(), at::flow_dissector) == 0); });
}

TEST_CASE("old netns: who may not enter the namespace is told so", "[.][old-netns]") {
  const test::netns_fixture netns;
  const auto program = load_dissector();
  auto link = attach_inside(netns, flow_dissector(program));
  REQUIRE(sentence(link) == "");
  CHECK(test::in_child([&] {
          const auto next = load_dissector();
          const auto expect_missing = [](const expected<void>& refused, const std::string& capability) {
            const auto error = failure_of(refused);
            expect(error == errc::permission_denied, error.message());
            expect_contains(std::string{error.reason()}, capability + " is missing");
          };
          drop_capabilities({CAP_SYS_ADMIN});
          expect_missing(link->update(borrow(next)), "CAP_SYS_ADMIN");
          expect_missing(link->detach(), "CAP_SYS_ADMIN");
          // Who may not even ask whose program is attached is told that.
          drop_capabilities({CAP_NET_ADMIN});
          expect_missing(link->update(borrow(next)), "CAP_NET_ADMIN");
          expect_missing(link->close(), "CAP_NET_ADMIN");
        }).failure() == "");
  CHECK(programs_in(netns, at::flow_dissector).size() == 1);
  CHECK(sentence(link->close()) == "");
  CHECK(programs_in(netns, at::flow_dissector).empty());
}

TEST_CASE("old netns: an update to what is no flow dissector is told", "[.][old-netns]") {
  const test::netns_fixture netns;
  const auto program = load_dissector();
  const auto misfit = test::load({.type = test::prog_type::xdp, .code = test::return_value(2)});
  auto link = attach_inside(netns, flow_dissector(program));
  REQUIRE(sentence(link) == "");
  const auto updated = link->update(borrow(misfit));
  REQUIRE_FALSE(updated);
  CHECK(updated.error() == errc::wrong_type);
  CHECK_THAT(updated.error().message(), contains("is of type xdp, this hook takes flow_dissector"));
  CHECK(dissected(netns, program) == 1);
}

TEST_CASE("old netns: a kernel that swaps no flow dissector is told, and what is there stays", "[.][old-netns]") {
  SKIP_IF(test::needs_supervisor());
  const auto result = test::in_child([] {
    const test::netns_fixture netns;
    const auto program = load_dissector();
    const auto next = load_dissector();
    auto link = must(attach_inside(netns, flow_dissector(program)));
    test::syscall_supervisor supervisor({SYS_bpf});
    // As before Linux 5.5, where each place takes one program, once.
    static_cast<void>(supervisor.with_handler(
        [](const test::observed_call& call) {
          return call.command() == test::command::prog_attach ? test::verdict::fail(EEXIST) : test::verdict::proceed();
        },
        [&] {
          const auto refused = failure_of(link.update(borrow(next)));
          expect(refused == errc::not_supported, refused.message());
          expect(refused.cause() == cause::missing_feature);
          expect_equal(refused.sys_errno(), EEXIST);
          expect_contains(refused.message(), "this kernel cannot swap a flow dissector; Linux can since 5.5");
        }));
    expect(programs_in(netns, at::flow_dissector) == std::vector{test::program_id(program.get())});
    expect_equal(sentence(link.close()), "");
    expect(programs_in(netns, at::flow_dissector).empty());
  });
  CHECK(result.failure() == "");
}

TEST_CASE("old netns: released, the program stays", "[.][old-netns]") {
  const test::netns_fixture netns;
  const auto program = load_dissector();
  auto link = attach_inside(netns, flow_dissector(program));
  REQUIRE(sentence(link) == "");
  CHECK_FALSE(std::move(*link).release());
  CHECK(dissected(netns, program) == 1);
  netns.run([&] { CHECK(test::prog_detach(0, program.get(), at::flow_dissector) == 0); });
}

TEST_CASE("old netns: the namespace may be named as long as it is the thread's own", "[.][old-netns]") {
  const test::netns_fixture netns;
  const auto program = load_dissector();
  const auto options = [&](netns_target target) {
    return netns_options{.netns = target, .hook = netns_hook::flow_dissector, .program = borrow(program)};
  };
  CHECK(sentence(attach_inside(netns, options(fd_ref{netns.get()}))) == "");
  CHECK(sentence(attach_inside(netns, options(netns.path().c_str()))) == "");

  const auto elsewhere = attach(options(fd_ref{netns.get()}));
  REQUIRE_FALSE(elsewhere);
  CHECK(elsewhere.error() == errc::not_supported);
  CHECK(elsewhere.error().cause() == cause::missing_feature);
  CHECK_THAT(elsewhere.error().message(), contains("5.8"));
  CHECK_THAT(elsewhere.error().message(), contains("by a thread in the namespace only"));
  CHECK(attach(options("/dev/null")).error().cause() == cause::not_a_network_namespace);
}

TEST_CASE("old netns: what needs a link is not supported, since when is told", "[.][old-netns]") {
  const test::netns_fixture netns;
  const auto program = load_dissector();
  auto options = flow_dissector(program);
  options.mechanism = mechanism_choice::link_only;
  const auto link_only = attach_inside(netns, options);
  REQUIRE_FALSE(link_only);
  CHECK(link_only.error() == errc::not_supported);
  CHECK_THAT(link_only.error().message(), contains("5.8"));

  if (!test::at_least(5, 9)) return;
  const auto lookup = load_lookup();
  const auto refused = attach_inside(netns, {.hook = netns_hook::sk_lookup, .program = borrow(lookup)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::not_supported);
  CHECK_THAT(refused.error().message(), contains("5.9"));
  const auto misfit = attach_inside(netns, flow_dissector(lookup));
  REQUIRE_FALSE(misfit);
  CHECK(misfit.error() == errc::wrong_type);
}

TEST_CASE("oldest netns: attached, swapped and detached", "[.][oldest-netns]") {
  const test::netns_fixture netns;
  const auto first = load_dissector();
  const auto second = load_dissector();
  auto link = attach_inside(netns, flow_dissector(first));
  REQUIRE(sentence(link) == "");
  CHECK(dissected(netns, first) == 1);
  CHECK(sentence(link->update(borrow(second))) == "");
  CHECK(dissected(netns, second) == 1);
  CHECK(sentence(link->close()) == "");
  CHECK(dissected(netns, second) == 0);
}

}  // namespace bpflink
