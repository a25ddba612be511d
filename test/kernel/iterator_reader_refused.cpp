// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/iterator_reader.hpp"
#include "child_helpers.hpp"
#include "iterator_programs.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/privileges.hpp"
#include "unprivileged.hpp"

namespace bpflink {

TEST_CASE("iterator: only what is an iterator can be read", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  const test::bpffs_fixture bpffs;
  const test::cgroup_fixture cgroup;
  const auto program = load_egress();
  const auto map = test::counter_map();
  const auto link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(program)});
  REQUIRE(sentence(link) == "");
  REQUIRE(sentence(link->pin(bpffs / "link")) == "");
  REQUIRE(test::obj_pin(program.get(), bpffs / "program") == 0);
  REQUIRE(test::obj_pin(map.get(), bpffs / "map") == 0);

  const auto check = [](const expected<iterator_reader>& refused, errc code, cause why, const std::string& words) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == code);
    CHECK(refused.error().cause() == why);
    CHECK_THAT(sentence(refused), test::contains(words));
  };
  check(iterator_reader::open_pinned(bpffs / "link"), errc::wrong_type, cause::wrong_link_type,
        "it is a cgroup link, and only iterators can be read");
  check(iterator_reader::open_pinned(bpffs / "program"), errc::wrong_type, cause::not_a_link, "not that of a link");
  check(iterator_reader::open_pinned(bpffs / "map"), errc::wrong_type, cause::not_a_link, "not that of a link");
  check(iterator_reader::open_pinned(bpffs / "nothing"), errc::not_found, cause::no_such_path,
        "nothing is pinned there");
  check(iterator_reader::open_pinned("/dev/null"), errc::wrong_type, cause::not_bpffs, "it is no pin of a BPF object");

  check(iterator_reader::open(link->fd()), errc::wrong_type, cause::wrong_link_type, "it is a cgroup link");
  check(iterator_reader::open(fd_ref{map.get()}), errc::wrong_type, cause::not_a_link, "not that of a link");
  check(iterator_reader::open(fd_ref{1023}), errc::bad_handle, cause::closed_descriptor, "1023 is closed");
  check(iterator_reader::open({}), errc::bad_handle, cause::empty_handle, "the link handle is empty");

  const auto adopt = [](int raw) { return iterator_reader::adopt(unique_fd::adopt(raw)); };
  check(adopt(test::open_file("/dev/null", O_RDONLY).release()), errc::wrong_type, cause::wrong_link_type,
        "it is not a run of an iterator");
  check(adopt(test::open_file("/proc/version", O_RDONLY).release()), errc::wrong_type, cause::wrong_link_type,
        "it is not a run of an iterator");
  check(adopt(1023), errc::bad_handle, cause::closed_descriptor, "closed");
  check(iterator_reader::adopt({}), errc::bad_handle, cause::empty_handle, "empty");

  const auto tasks = load_iterator("task");
  const auto iterator = attach(iterator_options{.program = borrow(tasks)});
  REQUIRE(sentence(iterator) == "");
  auto run = adopt(test::iter_create(iterator->fd().get()).release());
  REQUIRE(sentence(run) == "");
  const auto moved = *std::move(run);
  std::array<std::byte, 8> buffer{};
  CHECK(run->read(buffer).error() == errc::bad_handle);  // NOLINT(bugprone-use-after-move): that is the question
}

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
