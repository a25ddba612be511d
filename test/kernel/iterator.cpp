// SPDX-License-Identifier: MIT
#include "bpflink/attach/iterator.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "bpflink/info.hpp"
#include "iterator_programs.hpp"
#include "support/alloc_counter.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/run_counter.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

using test::contains;

struct target_row {
  std::string name;
  unsigned release;
  unsigned minor;
  bool has_objects;  // of which this process makes sure
};

const std::vector<target_row> targets{
    {"task", 5, 8, true},     {"task_file", 5, 8, true}, {"task_vma", 5, 12, true}, {"bpf_map", 5, 8, true},
    {"bpf_prog", 5, 9, true}, {"bpf_link", 5, 19, true}, {"ksym", 6, 0, true},      {"tcp", 5, 9, true},
    {"udp", 5, 9, true},      {"netlink", 5, 8, true},   {"unix", 5, 15, true},     {"ipv6_route", 5, 8, false},
};

iterator_info info_of(const iterator_link& link) {
  const auto info = link.info();
  test::expect_equal(sentence(info), "", "info");
  return std::get<iterator_info>(info->details);
}

}  // namespace

TEST_CASE("iterator: every target without parameters is read to its end", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  const auto map = test::counter_map();
  const test::fd tcp{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(::listen(tcp.get(), 1) == 0);
  const test::fd udp{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const sockaddr any{AF_INET, {}};
  REQUIRE(::bind(udp.get(), &any, sizeof(sockaddr)) == 0);
  const test::fd local{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};

  for (const auto& [name, release, minor, has_objects] : targets) {
    if (!test::at_least(release, minor)) continue;
    CAPTURE(name);
    const auto program = load_iterator(name, write_numbers());
    const auto link = attach(iterator_options{.program = borrow(program)});
    REQUIRE(sentence(link) == "");
    CHECK(link->mechanism() == mechanism::link);
    if (test::at_least(5, 10)) CHECK(info_of(*link).target.view() == name);

    std::vector<std::uint64_t> numbers;
    const auto runs = test::ran(program.get(), [&] { numbers = rows_of<std::uint64_t>(*link); });
    CHECK(numbers.empty() <= !has_objects);
    // The last run is for the end, where there is no object; but for ksym, which shows its last once more.
    const auto objects = name == "ksym" ? numbers.size() - 1 : numbers.size();
    CHECK(runs == objects + 1);
    std::vector<std::uint64_t> expected(objects);
    std::iota(expected.begin(), expected.end(), 0U);
    CHECK(std::equal(expected.begin(), expected.end(), numbers.begin()));
  }
}

TEST_CASE("iterator: nothing runs before somebody reads, and every run begins anew", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over programs"));
  const auto program = load_iterator("bpf_prog", write_numbers());
  auto link = attach(iterator_options{.program = borrow(program)});
  REQUIRE(sentence(link) == "");
  CHECK(test::ran(program.get(), [&] {
          auto first = link->open();
          auto second = link->open();
          CHECK(sentence(first) == "");
          CHECK(sentence(second) == "");
        }) == 0);
  CHECK_FALSE(rows_of<std::uint64_t>(*link).empty());
  CHECK_FALSE(rows_of<std::uint64_t>(*link).empty());

  // A run goes on without its link.
  auto reader = link->open();
  REQUIRE(sentence(reader) == "");
  CHECK(sentence(link->close()) == "");
  CHECK_FALSE(rows_of<std::uint64_t>(*reader).empty());
  CHECK(link->open().error() == errc::bad_handle);
}

TEST_CASE("iterator: the program is swapped for the runs to come", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  const auto map = filled_array(1);
  const auto first = load_iterator("bpf_map_elem", write_bytes(8, 1));
  const auto second = load_iterator("bpf_map_elem", write_bytes(8, 2));
  const auto other = load_iterator("task");
  auto link = attach_to_elements(first, map);
  REQUIRE(sentence(link) == "");
  auto begun = link->open();
  REQUIRE(sentence(begun) == "");

  CHECK(sentence(link->update(borrow(second), borrow(first))) == "");
  CHECK(rows_of<std::uint64_t>(*link) == std::vector<std::uint64_t>{0x0202020202020202U});
  CHECK(rows_of<std::uint64_t>(*begun) == std::vector<std::uint64_t>{0x0101010101010101U});

  const auto conflict = link->update(borrow(first), borrow(first));
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error() == errc::conflict);
  const auto misfit = link->update(borrow(other));
  REQUIRE_FALSE(misfit);
  CHECK(misfit.error() == errc::wrong_type);
  CHECK(misfit.error().sys_errno() == EINVAL);
  CHECK_THAT(sentence(misfit), contains("'iterates'"));
  CHECK(rows_of<std::uint64_t>(*link) == std::vector<std::uint64_t>{0x0202020202020202U});
}

TEST_CASE("iterator: cannot be detached, and says so without a system call", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  static_assert(!iterator_link::capabilities.detach && iterator_link::capabilities.update);
  const auto program = load_iterator("task");
  auto link = attach(iterator_options{.program = borrow(program)});
  REQUIRE(sentence(link) == "");
  link_handle handle = *std::move(link);
  CHECK_FALSE(handle.can_detach());
  CHECK(handle.can_update());
  CHECK(handle.can_pin());
  const auto detached = handle.detach();
  REQUIRE_FALSE(detached);
  CHECK(detached.error() == errc::not_supported);
  CHECK(detached.error().cause() == cause::no_such_operation);
  CHECK(detached.error().operation() == operation::none);
  if (test::at_least(5, 9)) CHECK(test::link_detach(handle.fd().get()) == EOPNOTSUPP);

  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor;
          test::expect_equal(
              static_cast<std::int64_t>(supervisor.count_calls([&] { static_cast<void>(handle.detach()); })), 0,
              "calls");
        }).failure() == "");
}

TEST_CASE("iterator: is opened from its pin, its id and its descriptor", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  const auto map = filled_array(2);
  const auto program = load_iterator("bpf_map_elem", test::write_elements());
  auto link = attach_to_elements(program, map);
  REQUIRE(sentence(link) == "");
  const test::bpffs_fixture bpffs;
  REQUIRE(sentence(link->pin(bpffs / "elements")) == "");
  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(info->type == link_type::iterator);
  CHECK(info->program == program_id{test::program_id(program.get())});
  CHECK_FALSE(info->defunct());

  const auto pinned = iterator_link::open_pinned(bpffs / "elements");
  REQUIRE(sentence(pinned) == "");
  CHECK(rows_of<test::element_row>(*pinned).size() == 2);
  const auto by_id = iterator_link::from_id(info->id);
  REQUIRE(sentence(by_id) == "");
  CHECK(rows_of<test::element_row>(*by_id).size() == 2);
  const auto adopted = iterator_link::adopt(unique_fd::adopt(std::move(*link).release().release()));
  REQUIRE(sentence(adopted) == "");
  CHECK(rows_of<test::element_row>(*adopted).size() == 2);
}

TEST_CASE("iterator: costs the kernel's own calls, and nothing of the heap", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 10, "information on iterators"));
  SKIP_IF(test::needs_supervisor());
  const auto map = filled_array(100);
  const auto elements = load_iterator("bpf_map_elem", test::write_elements());
  const auto tasks = load_iterator("task");
  const auto attach_plain = [&] { static_cast<void>(attach(iterator_options{.program = borrow(tasks)})); };
  const auto attach_map = [&] { static_cast<void>(attach_to_elements(elements, map)); };
  const auto link = attach_to_elements(elements, map);
  REQUIRE(sentence(link) == "");
  const auto read = [&] {
    auto reader = link->open();
    test::element_row rows[64];
    auto all = reader->rows(rows);
    while (!all.next()->empty()) continue;
  };
  CHECK(test::allocations(attach_plain).value_or(0) == 0);
  CHECK(test::allocations(attach_map).value_or(0) == 0);
  CHECK(test::allocations(read).value_or(0) == 0);
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor;
          test::expect_equal(test::names(supervisor.record_calls(attach_plain)), "bpf(28) close");
          test::expect_equal(test::names(supervisor.record_calls(attach_map)), "bpf(28) bpf(15) close");
          test::expect_equal(test::names(supervisor.record_calls(read)), "bpf(33) read read read close");
        }).failure() == "");
}

TEST_CASE("iterator: in a kernel without iterators, and in one without their parameters", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 10, "iterators that tell what they go over"));
  SKIP_IF(test::needs_supervisor());
  CHECK(test::on_old_kernel("iterator-old", [] {}).failure() == "");
}

TEST_CASE("old iterator: a kernel without iterators", "[.][iterator-old]") {
  const auto program = load_iterator("task");
  CHECK(test::in_child([&] {
          const auto link = attach(iterator_options{.program = borrow(program)});
          test::expect_equal(sentence(link), "");
          test::refuse_bpf({test::command::iter_create, test::command::link_create}, EINVAL);
          const auto reader = link->open();
          test::expect(reader.error() == errc::not_supported, "code");
          test::expect_equal(sentence(reader),
                             "open iterator: this kernel has no BPF iterators (BPF_ITER_CREATE), which came with Linux "
                             "5.8 (BPF_ITER_CREATE: EINVAL)");
          const auto refused = attach(iterator_options{.program = borrow(program)});
          test::expect(refused.error() == errc::not_supported, "code");
          test::expect(refused.error().cause() == cause::missing_feature, "cause");
        }).failure() == "");
}

}  // namespace bpflink
