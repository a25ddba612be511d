// SPDX-License-Identifier: MIT
#include "bpflink/iterator_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "iterator_programs.hpp"
#include "refusals.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

using test::contains;
using bytes = std::vector<std::byte>;

// 3,000 rows of 16 bytes: more than the kernel gives at once.
constexpr std::uint32_t entries = 3000;

class elements {
 public:
  elements() : map_{filled_array(entries)}, program_{load_iterator("bpf_map_elem", test::write_elements())} {
    auto link = attach_to_elements(program_, map_);
    test::expect_equal(sentence(link), "", "attach");
    link_ = *std::move(link);
  }
  [[nodiscard]] iterator_reader open() const {
    auto reader =
        link_.has_value() ? link_->open() : expected<iterator_reader>{tl::unexpect, iterator_reader::open({}).error()};
    test::expect_equal(sentence(reader), "", "open");
    return *std::move(reader);
  }
  [[nodiscard]] iterator_link& link() { return *link_; }

 private:
  test::fd map_;
  test::fd program_;
  std::optional<iterator_link> link_;
};

bytes expected_bytes() {
  bytes all(entries * sizeof(test::element_row));
  for (std::uint32_t key = 0; key < entries; ++key) {
    const test::element_row row{key, 0, key * 10ULL};
    std::memcpy(all.data() + key * sizeof row, &row, sizeof row);
  }
  return all;
}

bytes read_by(iterator_reader& reader, std::size_t size) {
  bytes all;
  bytes buffer(size);
  for (;;) {
    const auto got = reader.read(buffer);
    test::expect_equal(sentence(got), "", "read");
    if (*got == 0) return all;
    all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

bool right(const std::vector<test::element_row>& rows) {
  if (rows.size() != entries) return false;
  for (std::uint32_t key = 0; key < entries; ++key) {
    if (rows[key].key != key || rows[key].value != key * 10ULL) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("iterator: the same bytes come through a buffer of any size", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  const elements all;
  const auto expected = expected_bytes();
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, std::size_t{1} << 20U}) {
    CAPTURE(size);
    auto reader = all.open();
    CHECK((read_by(reader, size) == expected));
    // The end stays the end.
    std::array<std::byte, 16> more{};
    CHECK(reader.read(more).value_or(1) == 0);
  }
  auto reader = all.open();
  const auto whole = reader.read_all();
  REQUIRE(sentence(whole) == "");
  CHECK((*whole == expected));
  auto again = all.open();
  const auto text = again.read_all_text();
  REQUIRE(sentence(text) == "");
  CHECK(text->size() == expected.size());
  CHECK(std::memcmp(text->data(), expected.data(), expected.size()) == 0);
}

TEST_CASE("iterator: rows are whole through a buffer of any size", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  const elements all;
  for (const std::size_t at_once : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, std::size_t{10000}}) {
    CAPTURE(at_once);
    auto reader = all.open();
    CHECK(right(rows_of<test::element_row>(reader, at_once)));
  }
  // Rows of 24 bytes where the program writes 16: the kernel cuts them anywhere.
  struct triple {
    std::uint64_t first, second, third;
  };
  auto reader = all.open();
  const auto triples = rows_of<triple>(reader, 1500);
  CHECK(triples.size() == entries * 2 / 3);
  CHECK(triples[1].third == 20);
  CHECK(triples.back().third == (entries - 1) * 10ULL);
}

TEST_CASE("iterator: rows that the kernel cuts, and reads that are interrupted", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  SKIP_IF(test::needs_supervisor());
  const elements all;
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor{{SYS_read}};
          std::size_t calls = 0;
          // Every read is interrupted, then paused, and then gives five bytes at most.
          const auto handler = [&](const test::observed_call& call) {
            switch (calls++ % 3) {
              case 0:
                return test::verdict::fail(EINTR);
              case 1:
                return test::verdict::fail(EAGAIN);
              default:
                break;
            }
            const auto size = std::min<std::uint64_t>(call.arguments[2], 5);
            const auto got = ::syscall(SYS_read, call.arguments[0], call.arguments[1], size);
            return got < 0 ? test::verdict::fail(errno) : test::verdict::give(got);
          };
          supervisor.with_handler(handler, [&] {
            auto reader = all.open();
            test::expect(right(rows_of<test::element_row>(reader, 7)), "rows");
          });
        }).failure() == "");
}

TEST_CASE("iterator: a last row that is not whole is no row", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  const auto map = filled_array(3);
  const auto program = load_iterator("bpf_map_elem", write_bytes(5, 7));
  const auto link = attach_to_elements(program, map);
  REQUIRE(sentence(link) == "");
  auto reader = link->open();
  REQUIRE(sentence(reader) == "");
  std::array<std::uint64_t, 4> buffer{};
  auto rows = reader->rows(buffer);
  const auto first = rows.next();
  REQUIRE(sentence(first) == "");
  CHECK(first->size() == 1);
  CHECK(first->front() == 0x0707'0707'0707'0707U);
  const auto last = rows.next();
  REQUIRE_FALSE(last);
  CHECK(last.error() == errc::wrong_type);
  CHECK(sentence(last) == "read rows of iterator: the output ends 7 bytes into a row of 8");
  const auto end = rows.next();
  REQUIRE(sentence(end) == "");
  CHECK(end->empty());

  auto again = link->open();
  REQUIRE(sentence(again) == "");
  auto none = again->rows(std::span<std::uint64_t>{});
  check_refused(none.next(), errc::invalid_argument, cause::bad_option, 0, "the buffer has no room for a row");
  check_refused(again->read({}), errc::invalid_argument, cause::bad_option, 0,
                "the buffer is empty, and 0 would mean the end");
}

TEST_CASE("iterator: what a program does wrong while it is read", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  const auto map = filled_array(2);
  const auto too_much = load_iterator("bpf_map_elem", write_bytes(512, 1, 70));
  auto link = attach_to_elements(too_much, map);
  REQUIRE(sentence(link) == "");
  auto reader = link->open();
  REQUIRE(sentence(reader) == "");
  const auto large = reader->read_all();
  REQUIRE_FALSE(large);
  CHECK(large.error() == errc::limit);
  CHECK(sentence(large) ==
        "read iterator: the program wrote more for one object than the kernel holds, 32 KiB (read: E2BIG)");

  const auto again = load_iterator("bpf_map_elem", write_bytes(8, 1, 1, 1));
  link = attach_to_elements(again, map);
  REQUIRE(sentence(link) == "");
  auto endless = link->open();
  REQUIRE(sentence(endless) == "");
  const auto stuck = endless->read_all();
  REQUIRE_FALSE(stuck);
  CHECK(stuck.error() == errc::system);
  CHECK(
      sentence(stuck) ==
      "read iterator: the program asks for the same object again and again; it does so by returning 1 (read: EAGAIN)");
}

TEST_CASE("iterator: a pin is read like a file", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  elements all;
  const test::bpffs_fixture bpffs;
  const auto path = bpffs / "elements";
  REQUIRE(sentence(all.link().pin(path)) == "");
  const auto expected = expected_bytes();

  const auto file = test::read_file(path);
  CHECK(file.size() == expected.size());
  CHECK(std::memcmp(file.data(), expected.data(), expected.size()) == 0);
  auto opened = iterator_reader::open_pinned(path);
  REQUIRE(sentence(opened) == "");
  CHECK((read_by(*opened, 4096) == expected));
  auto adopted = iterator_reader::adopt(unique_fd::adopt(test::open_file(path, O_RDONLY).release()));
  REQUIRE(sentence(adopted) == "");
  CHECK(right(rows_of<test::element_row>(*adopted)));

  // Others may read it where its mode says so, without a descriptor of the link.
  const auto as_nobody = [&](const std::function<void()>& f) {
    return test::in_child([&] {
      test::expect_equal(::setgid(65534), 0);
      test::expect_equal(::setuid(65534), 0);
      f();
    });
  };
  REQUIRE(::chmod(bpffs.path().c_str(), 0755) == 0);
  CHECK(as_nobody([&] {
          const auto refused = iterator_reader::open_pinned(path);
          test::expect(!refused && refused.error() == errc::permission_denied, sentence(refused));
        }).failure() == "");
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  CHECK(as_nobody([&] {
          auto reader = iterator_reader::open_pinned(path);
          test::expect_equal(sentence(reader), "");
          test::expect(right(rows_of<test::element_row>(*reader)), "rows");
        }).failure() == "");
  REQUIRE(::chmod(bpffs.path().c_str(), 0700) == 0);
}

}  // namespace bpflink
