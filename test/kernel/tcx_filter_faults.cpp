// SPDX-License-Identifier: MIT
// tcx by filters where calls fail, answers get lost or come cut off, rights are missing.
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "child_helpers.hpp"
#include "netlink_faults.hpp"
#include "support/catch.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/tc.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

tcx_options on_lo(const test::counted_program& program) {
  return {.interface = 1, .hook = tcx_hook::ingress, .program = borrow(program)};
}

std::size_t filters_on_lo() { return test::filters(1, test::tc_hook::ingress).size(); }
std::uint32_t program_on_lo() {
  const auto found = test::filters(1, test::tc_hook::ingress);
  return found.empty() ? 0 : found.front().program_id;
}
std::uint32_t id_of(const test::counted_program& program) { return test::program_id(program.get()); }

// What ended well left nothing. Where the filter went and yet something failed, that was the qdisc's.
void expect_ended(const expected<void>& ended, const std::string& where) {
  const bool gone = filters_on_lo() == 0;
  if (ended) {
    expect(gone && test::ingress_qdisc(1).empty(), where);
  } else if (gone) {
    const auto call = ended.error().operation();
    expect(call == operation::netlink_delete_qdisc || call == operation::netlink_get_filter, where);
  }
}

void clear_lo() { static_cast<void>(test::delete_qdisc(1)); }

}  // namespace

TEST_CASE("tcx: without links, whatever fails", "[tcx]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::on_old_kernel(
      "failing-tcx", [] { test::refuse_bpf({test::command::link_create}); }, 100);
  CHECK(result.failure() == "");
}

TEST_CASE("old tcx: the missing capability is told", "[.][old-tcx]") {
  in_child_netns([] {
    const auto program = load_tc();
    expect_equal(sentence(attach(on_lo(program))), "");
    auto kept = must(attach(on_lo(program)));
    drop_capabilities({CAP_NET_ADMIN});
    for (const auto& refused : {failure_of(attach(on_lo(program))), failure_of(kept.update(borrow(program)))}) {
      expect(refused == errc::permission_denied);
      expect(refused.cause() == cause::missing_capability);
      expect_contains(refused.message(), "CAP_NET_ADMIN is missing");
    }
    expect(failure_of(kept.close()) == errc::permission_denied);
    expect_equal(static_cast<std::int64_t>(filters_on_lo()), 1);
  });
}

TEST_CASE("failing tcx: whatever call of an attach fails, nothing is left", "[.][failing-tcx]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto program = load_tc();
    const auto faults = fail_attaching(on_lo(program), [](bool attached, const std::string& where) {
      expect((filters_on_lo() != 0) == attached, "filters " + where);
      expect(attached || test::ingress_qdisc(1).empty(), "the qdisc " + where);
      clear_lo();
    });
    expect(faults > 16);
  });
}

TEST_CASE("failing tcx: whatever call of an update fails, one of both programs is in the filter", "[.][failing-tcx]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto one = load_tc();
    const auto two = load_tc();
    auto link = must(attach(on_lo(one)));
    test::syscall_supervisor supervisor;
    bool updated = false;
    const auto faults = supervisor.fail_each(
        netlink_errors, [&] { updated = link.update(borrow(two), borrow(one)).has_value(); },
        [&](const test::fault& fault) {
          expect_equal(program_on_lo(), id_of(updated ? two : one), "after " + fault.where.name());
          if (updated) expect_equal(sentence(link.update(borrow(one))), "");
        });
    expect(faults > 8);
  });
}

TEST_CASE("failing tcx: whatever call of a detach fails, it can be done again", "[.][failing-tcx]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto program = load_tc();
    std::optional<tcx_link> link{must(attach(on_lo(program)))};
    test::syscall_supervisor supervisor;
    bool detached = false;
    const auto faults = supervisor.fail_each(
        netlink_errors, [&] { detached = link->detach().has_value(); },
        [&](const test::fault& fault) {
          if (detached) expect(filters_on_lo() == 0, "after " + fault.where.name());
          static_cast<void>(link->detach());
          expect(filters_on_lo() == 0, "the second time, after " + fault.where.name());
          clear_lo();
          link.reset();
          link.emplace(must(attach(on_lo(program))));
        });
    expect(faults > 8);
  });
}

TEST_CASE("failing tcx: what is answered too late is looked up", "[.][failing-tcx]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto one = load_tc();
    const auto two = load_tc();
    test::syscall_supervisor supervisor({SYS_recvfrom});
    // The answers to an attach: what qdisc there is, that it was made, where the filter is.
    for (const std::size_t answer : {2U, 3U}) {
      std::optional<expected<tcx_link>> link;
      expect(supervisor.fail_nth(answer, ENOBUFS, [&] { link.emplace(attach(on_lo(one))); }));
      expect_equal(sentence(*link), "");
      expect_equal(program_on_lo(), id_of(one));
      // To an update: which program is there, that it was replaced.
      expect(supervisor.fail_nth(2, ENOBUFS, [&] { expect_equal(sentence((*link)->update(borrow(two))), ""); }));
      expect_equal(program_on_lo(), id_of(two));
      expect(supervisor.fail_nth(2, ENOBUFS, [&] { expect_equal(sentence((*link)->close()), ""); }));
      expect(test::ingress_qdisc(1).empty());
    }
  });
}

TEST_CASE("failing tcx: whatever answer is cut off or a refusal, what is told is true", "[.][failing-tcx]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto one = load_tc();
    const auto two = load_tc();
    std::optional<tcx_link> link;
    const auto attach_again = [&] {
      link.reset();
      clear_lo();
      link.emplace(must(attach(on_lo(one))));
    };
    test::syscall_supervisor supervisor({SYS_sendto, SYS_recvfrom});
    bool worked = false;
    expect(spoil_each(
               supervisor,
               [&] {
                 auto made = attach(on_lo(one));
                 worked = made.has_value();
                 if (made) static_cast<void>(std::move(*made).release());
               },
               [&](const std::string& where) {
                 expect((filters_on_lo() != 0) == worked, "attached, " + where);
                 clear_lo();
               }) > 2);
    attach_again();
    expect(spoil_each(
               supervisor, [&] { worked = link->update(borrow(two), borrow(one)).has_value(); },
               [&](const std::string& where) {
                 expect_equal(program_on_lo(), id_of(worked ? two : one), "updated, " + where);
                 attach_again();
               }) > 1);
    expected<void> ended;
    expect(spoil_each(
               supervisor, [&] { ended = link->detach(); },
               [&](const std::string& where) {
                 expect_ended(ended, "detached, " + where);
                 expect_equal(sentence(link->detach()), "", "the second time, " + where);
                 expect(filters_on_lo() == 0, "detached twice, " + where);
                 attach_again();
               }) > 1);
    expect(spoil_each(
               supervisor, [&] { ended = link->close(); },
               [&](const std::string& where) {
                 expect(!*link, "the handle, " + where);
                 expect_ended(ended, "closed, " + where);
                 attach_again();
               }) > 1);
    link.reset();
    expect(test::ingress_qdisc(1).empty());
  });
}

TEST_CASE("failing tcx: others make the qdisc and take it away meanwhile", "[.][failing-tcx]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto program = load_tc();
    test::syscall_supervisor supervisor({SYS_sendto});
    // Before the request of this number somebody makes a qdisc, or takes it away.
    const auto meanwhile = [&](std::size_t nth, bool make) {
      std::size_t seen = 0;
      std::optional<expected<tcx_link>> link;
      static_cast<void>(supervisor.with_handler(
          [&](const test::observed_call&) {
            if (++seen == nth) static_cast<void>(make ? test::make_qdisc(1, "clsact") : test::delete_qdisc(1));
            return test::verdict::proceed();
          },
          [&] { link.emplace(attach(on_lo(program))); }));
      expect_equal(sentence(*link), "");
      expect_equal(static_cast<std::int64_t>(filters_on_lo()), 1);
      link.reset();
      const auto left = test::ingress_qdisc(1);
      clear_lo();
      return left;
    };
    expect_equal(meanwhile(2, true), "clsact", "somebody else's qdisc");
    expect_equal(meanwhile(3, false), "", "our own qdisc");
  });
}

}  // namespace bpflink
