// SPDX-License-Identifier: MIT
// tcx and netkit, where each system call of each operation fails in turn.
#include <cerrno>
#include <string>

#include "faults.hpp"
#include "support/catch.hpp"
#include "support/privileges.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

TEST_CASE("faults: tcx", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (lacks_tcx_links()) return;
  const auto result = test::in_child([&] {
    auto program = load_tc();
    auto other = load_tc();
    test::netns_fixture().run([&] {
      const auto there = attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = borrow(other)});
      expect_equal(sentence(there), "");
      const tcx_options options{
          .interface = 1, .hook = tcx_hook::ingress, .program = borrow(program), .position = position::before(*there)};
      const auto attached = [&] {
        return static_cast<int>(test::query(1, test::attach_type::tcx_ingress).ids.size()) - 1;
      };
      // ERANGE is what the kernel says where there is no room, ENOENT where the anchor is not there.
      expect(faults::fail_attach([&] { return attach(options); }, attached, faults::may_work, {{ERANGE, errc::limit}}) >
             0);
    });
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: tcx, refused", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (lacks_tcx_links()) return;
  const auto result = test::in_child(
      [&] {
        const auto program = load_tc();
        const auto other = load_tc();
        test::netns_fixture().run([&] {
          const auto there = attach(tcx_options{.interface = 1, .hook = tcx_hook::ingress, .program = borrow(program)});
          expect_equal(sentence(there), "");
          const tcx_options twice{.interface = 1, .hook = tcx_hook::ingress, .program = borrow(program)};
          const tcx_options lost{.interface = 1,
                                 .hook = tcx_hook::egress,
                                 .program = borrow(program),
                                 .position = position::before(borrow(other))};
          const tcx_options stale{
              .interface = 1, .hook = tcx_hook::ingress, .program = borrow(other), .expected_revision = revision{4711}};
          const tcx_query nowhere{.interface = *ifindex::from(9999), .hook = tcx_hook::ingress};
          test::syscall_supervisor supervisor;
          expect(faults::fail_refused(supervisor, EEXIST, [&] { return attach(twice); }) > 0);
          expect(faults::fail_refused(supervisor, ENOENT, [&] { return attach(lost); }) > 0);
          expect(faults::fail_refused(supervisor, ESTALE, [&] { return attach(stale); }) > 0);
          expect(faults::fail_refused(supervisor, ENODEV, [&] { return query(nowhere); }) > 0);
        });
      },
      100);
  CHECK(result.failure() == "");
}

TEST_CASE("faults: netkit", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (!has_netkit()) return;
  const auto result = test::in_child([&] {
    auto program = load_tc();
    test::netns_fixture().run([&] {
      make_netkit("near", "far");
      const netkit_options options{
          .interface = index_of("near"), .hook = netkit_hook::peer, .program = borrow(program)};
      expect(faults::fail_attach(
                 [&] { return attach(options); }, [&] { return faults::links_of(program); }, faults::may_work,
                 {{ERANGE, errc::limit}, {ENXIO, errc::invalid_argument}, {EACCES, errc::invalid_argument}}) > 0);
    });
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
