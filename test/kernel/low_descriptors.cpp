// SPDX-License-Identifier: MIT
// No descriptor that the library hands out is 0, 1 or 2, and none stays open over execve(2). Of links the contract
// shows it: this is the rest.
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "bpflink/iterator_reader.hpp"
#include "iterator_programs.hpp"
#include "load_programs.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/privileges.hpp"
#include "tracepoint_helpers.hpp"

namespace bpflink {

namespace {

constexpr int low_numbers[] = {0, 1, 2};

void expect_high(fd_ref descriptor, test::source_place where) {
  expect(descriptor.get() > 2, "the descriptor is above the standard streams", where);
  expect((::fcntl(descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0, "it is closed on exec", where);
}

/// Makes something where all three numbers are free. For use in a child.
template <class Make>
auto made_above(const Make& make, test::source_place where = test::source_place::here()) {
  const test::fd kept(::fcntl(2, F_DUPFD_CLOEXEC, 10));
  for (const int low : low_numbers) ::close(low);
  auto made = make();
  bool all_free = true;
  for (const int low : low_numbers) all_free = all_free && ::fcntl(low, F_GETFD) < 0;
  for (const int low : low_numbers) ::dup2(kept.get(), low);
  auto there = must(std::move(made), where);
  expect(all_free, "nothing stays at the low numbers", where);
  expect_high(there.fd(), where);
  return there;
}

/// Has each of the three numbers taken over, as another descriptor of this; `check` sees what was made of it.
template <class Adopt, class Check>
void adopt_low(const test::fd& original, const Adopt& adopt, const Check& check,
               test::source_place where = test::source_place::here()) {
  for (const int low : low_numbers) {
    const test::fd kept(::fcntl(low, F_DUPFD_CLOEXEC, 10));
    expect(::dup2(original.get(), low) == low, "a low descriptor", where);
    auto adopted = adopt(unique_fd::adopt(low));
    const bool closed = ::fcntl(low, F_GETFD) < 0;
    ::dup2(kept.get(), low);
    auto there = must(std::move(adopted), where);
    expect(closed, "the low number is closed", where);
    expect_high(there.fd(), where);
    check(there);
  }
}

}  // namespace

TEST_CASE("load: no program's descriptor is that of a standard stream", "[load]") {
  SKIP_IF(test::needs_root());
  const test::bpffs_fixture bpffs;
  const auto path = bpffs / "program";
  const auto original = test::load({});
  REQUIRE(test::obj_pin(original.get(), path) == 0);
  const auto id = test::program_id(original.get());
  const auto result = test::in_child([&] {
    const auto is_original = [id](const program& there) { expect_equal(test::program_id(there.fd().get()), id, "id"); };
    static_cast<void>(made_above([] { return program::load(simple(program_type::socket_filter)); }));
    is_original(made_above([&] { return program::open_pinned(path); }));
    is_original(made_above([&] { return program::from_id(program_id{id}); }));
    const auto there = must(program::open_pinned(path));
    is_original(made_above([&] { return there.duplicate(); }));
    adopt_low(original, program::adopt, is_original);
  });
  CHECK(result.failure() == "");
}

TEST_CASE("iterator: no reader's descriptor is that of a standard stream", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  const auto map = filled_array(3);
  const auto program = load_iterator("bpf_map_elem", write_bytes(8, 7));
  auto link = attach_to_elements(program, map);
  REQUIRE(sentence(link) == "");
  const test::bpffs_fixture bpffs;
  const auto path = bpffs / "elements";
  REQUIRE(sentence(link->pin(path)) == "");
  const auto result = test::in_child([&] {
    const auto reads_on = [](iterator_reader&& reader) { expect(must(reader.read_all()).size() == 24, "bytes"); };
    reads_on(made_above([&] { return link->open(); }));
    reads_on(made_above([&] { return iterator_reader::open(link->fd()); }));
    reads_on(made_above([&] { return iterator_reader::open_pinned(path); }));
    std::size_t read = 0;
    const auto run = test::must(test::iter_create(link->fd().get()), "opening a run");
    adopt_low(run, iterator_reader::adopt,
              [&read](iterator_reader& reader) { read += must(reader.read_all()).size(); });
    expect(read == 24, "bytes of the one run");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("tracepoint: no link's descriptor is that of a standard stream", "[tracepoint]") {
  SKIP_IF(test::needs_root());
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          const auto link = made_above([&] { return attach(at_call(borrow(program))); });
          expect(runs_for_call(program) >= 1);
        }) == "");
}

TEST_CASE("old tracepoint: no perf event's descriptor is that of a standard stream", "[.][old-tracepoint]") {
  CHECK(with_tracefs([] {
          const auto program = load_tracepoint();
          const auto link = made_above([&] { return attach(at_call(borrow(program))); });
          expect(link.mechanism() == mechanism::perf_event);
          expect(runs_for_call(program) >= 1);
        }) == "");
}

}  // namespace bpflink
