// SPDX-License-Identifier: MIT
// tcx by filters where calls fail, answers get lost or come cut off, rights are missing.
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <string>

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

TEST_CASE("failing tcx: what is answered too late or cut off is looked up", "[.][failing-tcx]") {
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
    // Each answer of each operation, cut off after a few bytes.
    const auto cut = [&](std::size_t nth, const std::function<void()>& operation) {
      std::size_t seen = 0;
      const auto calls = supervisor.with_handler(
          [&](const test::observed_call& call) { return ++seen != nth ? test::verdict::proceed() : cut_off(call); },
          operation);
      return calls.size() >= nth;
    };
    for (std::size_t nth = 1;; ++nth) {
      bool attached = false;
      const bool more = cut(nth, [&] {
        auto link = attach(on_lo(one));
        attached = link.has_value();
        if (link) static_cast<void>(std::move(*link).release());
      });
      expect((filters_on_lo() != 0) == attached, "after a cut answer");
      clear_lo();
      if (!more) break;
    }
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
