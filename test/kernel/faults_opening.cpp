// SPDX-License-Identifier: MIT
// Opening what exists already, links and runs of iterators, where each system call fails in turn.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "bpflink/attach/iterator.hpp"
#include "bpflink/attach/netns.hpp"
#include "faults.hpp"
#include "netns_programs.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/privileges.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

using faults::outcome;
using faults::outcome_of;

// The call that opens. What the object is the library finds out in more ways than one.
bool opens(const test::system_call& call) {
  return call.number == SYS_bpf &&
         (call.command() == test::command::obj_get || call.command() == test::command::link_get_fd_by_id);
}
bool may_fail(const test::system_call& call, int) { return !opens(call); }

// What `open` makes of a link is a link of its kind, or nothing; the link itself goes on.
template <class Open>
void fail_opening(const test::fd& link, const Open& open) {
  std::optional<decltype(open())> made;
  const auto id = test::info_of_link(link.get()).id();
  const auto check = [&](const outcome& ended, const std::string& where) {
    if (!ended) {
      expect_equal(test::info_of_link((*made)->fd().get()).id(), id, "link after " + where);
      link_handle handle = **std::move(made);
      expect(handle.type() == link_type::netns, "another type after " + where);
    }
    made.reset();
    expect(test::link_exists(id), "the link is gone after " + where);
  };
  test::syscall_supervisor supervisor;
  const auto run = [&] {
    made.emplace(open());
    return outcome_of(*made);
  };
  expect(faults::fail_all(supervisor, faults::all_errors(), {run, check, may_fail}) >= faults::all_errors().size());
}

// A link of the oracle's for sk_lookup.
std::string with_link(const std::function<void(const test::fd& link)>& f) {
  return test::in_child([&] {
           const test::netns_fixture netns;
           auto program = load_lookup();
           {
             const auto link = test::must(test::link_create(program.get(), netns.get(), test::attach_type::sk_lookup),
                                          "making a link");
             f(link);
           }
           faults::expect_freed(std::move(program));
         })
      .failure();
}

std::string needs_lookup() {
  if (auto reason = test::needs_supervisor(); !reason.empty()) return reason;
  return test::needs_kernel(5, 9, "socket lookup");
}

}  // namespace

TEST_CASE("faults: opening a pinned link", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(needs_lookup());
  const test::bpffs_fixture pins;
  const auto path = pins / "pin";
  const bool typed = GENERATE(true, false);
  CHECK(with_link([&](const test::fd& link) {
          expect_equal(test::obj_pin(link.get(), path), 0);
          typed ? fail_opening(link, [&] { return netns_link::open_pinned(path); })
                : fail_opening(link, [&] { return link_handle::open_pinned(path); });
          expect_equal(::unlink(path.c_str()), 0);
        }) == "");
}

TEST_CASE("faults: opening a link by its id", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(needs_lookup());
  const bool typed = GENERATE(true, false);
  CHECK(with_link([&](const test::fd& link) {
          const link_id id{test::info_of_link(link.get()).id()};
          typed ? fail_opening(link, [&] { return netns_link::from_id(id); })
                : fail_opening(link, [&] { return link_handle::from_id(id); });
        }) == "");
}

TEST_CASE("faults: adopting a link", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(needs_lookup());
  CHECK(with_link([&](const test::fd& link) {
          test::syscall_supervisor supervisor;
          std::optional<expected<netns_link>> made;
          int given = ::fcntl(link.get(), F_DUPFD_CLOEXEC, 3);
          const faults::operation adopting{
              .run =
                  [&] {
                    made.emplace(netns_link::adopt(unique_fd::adopt(given)));
                    return outcome_of(*made);
                  },
              .after =
                  [&](const outcome& ended, const std::string& where) {
                    if (!ended) expect_equal((*made)->fd().get(), given, "descriptor after " + where);
                    made.reset();
                    expect_equal(::fcntl(given, F_GETFD), -1, "descriptor is open after " + where);
                    given = ::fcntl(link.get(), F_DUPFD_CLOEXEC, 3);
                  },
              .tolerated = may_fail};
          expect(faults::fail_all(supervisor, faults::all_errors(), adopting) > 0);
          expect_equal(::close(given), 0);
        }) == "");
}

TEST_CASE("faults: opening and reading an iterator", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over maps"));
  SKIP_IF(test::needs_vmlinux_btf());
  const auto result = test::in_child([] {
    const auto program =
        test::load({.type = test::prog_type::tracing,
                    .code = test::write_elements(),
                    .expected_attach_type = test::attach_type::trace_iter,
                    .attach_btf_id = test::vmlinux_btf::get().function("bpf_iter_bpf_map_elem").value()});
    const auto map = test::counter_map(3);
    const auto link = must(attach(
        iterator_options{.program = borrow(program), .parameters = iterator_parameters::over_map(fd_ref{map.get()})}));
    std::optional<expected<iterator_reader>> reader;
    std::optional<expected<std::vector<std::byte>>> bytes;
    const faults::operation reading{
        .run = [&]() -> outcome {
          reader.emplace(link.open());
          if (!*reader) return reader->error();
          bytes.emplace((*reader)->read_all());
          return outcome_of(*bytes);
        },
        .after =
            [&](const outcome& ended, const std::string& where) {
              if (!ended) expect_equal(static_cast<int>((*bytes)->size()), 3 * 16, "bytes after " + where);
              reader.reset();
            },
        .tolerated = [](const test::system_call& call,
                        int error) { return call.number == SYS_read && (error == EINTR || error == EAGAIN); },
        // The kernel says it where a program writes too much for one object.
        .also = {}};
    test::syscall_supervisor supervisor;
    expect(faults::fail_all(supervisor, faults::all_errors(), reading) >= 3 * faults::all_errors().size());
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
