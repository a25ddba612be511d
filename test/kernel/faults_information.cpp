// SPDX-License-Identifier: MIT
// Information on links of every kind, and opening a pinned iterator, where each system call fails in turn.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "bpflink/attach/iterator.hpp"
#include "faults.hpp"
#include "iterator_programs.hpp"
#include "raw_kinds.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;

unique_fd second(const test::fd& object) { return unique_fd::adopt(::fcntl(object.get(), F_DUPFD_CLOEXEC, 3)); }

// A kernel that knows less is asked for less, and one whose buffers were too short once more.
bool may_be_asked_again(const test::system_call&, int error) {
  return error == E2BIG || error == ENAMETOOLONG || error == ENOSPC;
}

// What it is that was opened the library finds out in more ways than one.
bool finds_out_otherwise(const test::system_call& call, int) { return call.number != SYS_openat; }

}  // namespace

TEST_CASE("faults: information on a link of each kind", "[faults]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 8, "information on links"));
  for (const auto& kind : raw_kinds()) {
    if (!test::at_least(kind.since.release, kind.since.minor)) continue;
    INFO(std::string{to_string(kind.type)});
    const auto made = kind.make();
    if (!made.link) continue;
    CHECK(test::in_child([&] {
            auto link = must(link_handle::adopt(second(made.link)));
            const auto id = must(link.info()).id;
            std::optional<expected<link_info>> info;
            const faults::operation asking{.run =
                                               [&] {
                                                 info.emplace(link.info());
                                                 return outcome_of(*info);
                                               },
                                           .after =
                                               [&](const outcome& ended, const std::string& where) {
                                                 if (ended) return;
                                                 expect((*info)->id == id, "another link after " + where);
                                                 expect((*info)->type == kind.type, "another kind after " + where);
                                               },
                                           .tolerated = may_be_asked_again};
            test::syscall_supervisor supervisor;
            expect(faults::fail_all(supervisor, faults::few_errors(), asking) >= faults::few_errors().size());
          }).failure() == "");
  }
}

TEST_CASE("faults: opening a pinned iterator", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  SKIP_IF(test::needs_vmlinux_btf());
  const test::bpffs_fixture pins;
  CHECK(test::in_child([&] {
          const auto program = load_iterator("task");
          const auto link = must(attach(iterator_options{.program = borrow(program)}));
          const auto path = pins / "iterator";
          expect_equal(sentence(link.pin(path)), "");
          std::optional<expected<iterator_reader>> reader;
          const faults::operation opening{.run =
                                              [&] {
                                                reader.emplace(iterator_reader::open_pinned(path));
                                                return outcome_of(*reader);
                                              },
                                          .after =
                                              [&](const outcome& ended, const std::string& where) {
                                                if (!ended) expect((*reader)->fd().get() > 2, where);
                                                reader.reset();
                                              },
                                          .tolerated = finds_out_otherwise};
          test::syscall_supervisor supervisor;
          expect(faults::fail_all(supervisor, faults::all_errors(), opening) >= faults::all_errors().size());
          expect_equal(::unlink(path.c_str()), 0);
        }).failure() == "");
}

}  // namespace bpflink
