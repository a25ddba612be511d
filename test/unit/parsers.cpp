// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <array>
#include <string>

#include "bpflink/fd.hpp"
#include "fdinfo.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"
#include "text.hpp"

using namespace bpflink;

TEST_CASE("text: a sentence in a buffer", "[text]") {
  SECTION("grows piece by piece") {
    text sentence;
    CHECK(sentence.empty());
    CHECK(sentence.view().empty());
    sentence.add("{} {}", "link", 17).add(", gone");
    CHECK(sentence.view() == "link 17, gone");
    CHECK_FALSE(sentence.empty());
    const text copy = sentence;
    sentence.add("!");
    CHECK(copy.view() == "link 17, gone");
  }
  SECTION("what does not fit is cut off") {
    const std::string longest(768, 'x');
    CHECK(text{"{}", longest}.view() == longest);
    text sentence{"{}", longest + "y"};
    CHECK(sentence.view() == longest);
    sentence.add("{}", "z").add("more");
    CHECK(sentence.view() == longest);
    text nearly{"{}", std::string(766, 'x')};
    nearly.add("{}", 12345);
    CHECK(nearly.view() == std::string(766, 'x') + "12");
  }
  SECTION("without the heap") {
    const std::string piece(1000, 'x');
    const auto asked = test::allocations([&piece] {
      text sentence{"{} {:#x} {}", piece, 17, true};
      static_cast<void>(sentence.add("{}", piece).view());
    });
    CHECK(asked.value_or(0) == 0);
  }
}

TEST_CASE("fdinfo: fields", "[fdinfo]") {
  constexpr std::string_view link =
      "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1057\nlink_type:\tcgroup\nlink_id:\t17\nprog_tag:"
      "\ta04f5eef06a7f555\n"
      "prog_id:\t255\ncgroup_id:\t348\nattach_type:\t1\n";
  SECTION("by their whole key") {
    CHECK(field_in(link, "pos") == "0");
    CHECK(field_in(link, "link_type") == "cgroup");
    CHECK(field_in(link, "link_id") == "17");
    CHECK(field_in(link, "prog_id") == "255");
    CHECK(field_in(link, "attach_type") == "1");
  }
  SECTION("not by a part of one") {
    CHECK_FALSE(field_in(link, "link"));
    CHECK_FALSE(field_in(link, "type"));
    CHECK_FALSE(field_in(link, "id"));
    CHECK_FALSE(field_in(link, "attach_type:"));
    CHECK_FALSE(field_in(link, "02000002"));
  }
  SECTION("the first of two") { CHECK(field_in("a:\t1\na:\t2\n", "a") == "1"); }
  SECTION("blanks before a value, and in it") {
    CHECK(field_in("name:  \t a b \n", "name") == "a b ");
    CHECK(field_in("name:value", "name") == "value");
  }
  SECTION("an empty value is a value") {
    CHECK(field_in("name:\nnext:\t1\n", "name") == "");
    CHECK(field_in("name:\t \n", "name") == "");
    CHECK(field_in("name:", "name") == "");
  }
  SECTION("of what is no fdinfo") {
    CHECK_FALSE(field_in("", "name"));
    CHECK_FALSE(field_in("\n\n\n", "name"));
    CHECK_FALSE(field_in("name", "name"));
    CHECK_FALSE(field_in(":value\n", "name"));
    CHECK(field_in(":value\n", "") == "value");
    CHECK_FALSE(field_in(std::string_view{"na\0me:\t1\n", 9}, "name"));
    CHECK(field_in("a:\t1\nb:\t2", "b") == "2");
  }
}

TEST_CASE("fdinfo: of an open descriptor", "[fdinfo]") {
  const auto file = unique_fd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
  REQUIRE(file);
  std::array<char, 1024> buffer{};
  CHECK(fdinfo_field(file, "pos", buffer) == "0");
  CHECK_FALSE(fdinfo_field(file, "link_type", buffer));
  CHECK_FALSE(fdinfo_field(fd_ref{1 << 20}, "pos", buffer));
  // A buffer that ends in the middle: what is there is there.
  std::array<char, 6> small{};
  CHECK(fdinfo_field(file, "pos", small) == "0");
}
