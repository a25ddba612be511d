// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include <cerrno>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/iterator_reader.hpp"
#include "child_helpers.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/privileges.hpp"
#include "unprivileged.hpp"

namespace bpflink {

TEST_CASE("iterator: a pin that may only be read is told to be no iterator", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 19, "bpf(2) for users"));
  const test::bpffs_fixture bpffs;
  const test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const auto path = bpffs / "link";
  auto link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(program)});
  REQUIRE(sentence(link) == "");
  REQUIRE(sentence(link->pin(path)) == "");
  REQUIRE(::chmod(bpffs.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  // Without a descriptor of the link nobody is told which kind it is of.
  const auto result = test::in_child([&] {
    test::become_nobody();
    const auto refused = failure_of(iterator_reader::open_pinned(path));
    expect(refused == errc::wrong_type, refused.message());
    expect(refused.cause() == cause::wrong_link_type, refused.message());
    expect(refused.operation() == operation::open, refused.message());
    expect_equal(refused.sys_errno(), EIO, "errno");
    expect_contains(refused.message(), "what is pinned there is no iterator");
  });
  CHECK(result.failure() == "");
  REQUIRE(::chmod(bpffs.path().c_str(), 0700) == 0);
}

}  // namespace bpflink
