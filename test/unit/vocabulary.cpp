// SPDX-License-Identifier: MIT
#include <array>
#include <concepts>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "bpflink/bounded_string.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/zstring_view.hpp"
#include "support/catch.hpp"

using namespace bpflink;

namespace {

template <class Left, class Right>
concept comparable = requires(Left left, Right right) {
  left == right;
};
template <class Left, class Right>
concept ordered = requires(Left left, Right right) {
  left < right;
};

template <class Number>
constexpr bool is_number_of_its_own =
    comparable<Number, Number>&& ordered<Number, Number> && !std::convertible_to<Number, std::uint64_t> &&
    !comparable<Number, int> && std::is_trivially_copyable_v<Number> && !std::is_default_constructible_v<Number>;
static_assert(is_number_of_its_own<link_id> && is_number_of_its_own<program_id> && is_number_of_its_own<map_id>);
static_assert(is_number_of_its_own<btf_id> && is_number_of_its_own<cookie> && is_number_of_its_own<revision>);
static_assert(is_number_of_its_own<process_id>);

template <class One, class... Others>
constexpr bool unlike = ((!comparable<One, Others> && !ordered<One, Others> && !std::is_constructible_v<One, Others> &&
                          !std::is_convertible_v<One, Others>)&&...);
static_assert(unlike<link_id, program_id, map_id, btf_id, process_id, cookie, revision, ifindex>);
static_assert(unlike<program_id, link_id, map_id, btf_id, process_id, cookie, revision, ifindex>);
static_assert(unlike<map_id, btf_id, process_id, cookie, revision, ifindex>);
static_assert(unlike<btf_id, process_id, cookie, revision, ifindex>);
static_assert(unlike<process_id, cookie, revision, ifindex>);
static_assert(unlike<cookie, revision, ifindex> && unlike<revision, ifindex>);

// A bare number becomes an id by being called one.
static_assert(std::is_constructible_v<link_id, std::uint32_t> && !std::is_convertible_v<std::uint32_t, link_id>);
static_assert(sizeof(link_id) == 4 && sizeof(program_id) == 4 && sizeof(cookie) == 8 && sizeof(revision) == 8);

static_assert(link_id{17}.value() == 17 && link_id{17} == link_id{17} && link_id{17} < link_id{18});
static_assert(cookie{0xffff'ffff'ffff'ffff}.value() == 0xffff'ffff'ffff'ffff);

static_assert(ifindex{1}.value() == 1 && ifindex{2} > ifindex{1} && ifindex{2} == 2 && sizeof(ifindex) == 4);
static_assert(ifindex::from(1) == ifindex{1} && ifindex::from(0x7fffffff)->value() == 0x7fffffff);
static_assert(!ifindex::from(0) && !ifindex::from(-1) && !ifindex::from(0x80000000) && !ifindex::from(1LL << 32));

static_assert(!std::is_constructible_v<zstring_view, std::nullptr_t>);
static_assert(!std::is_convertible_v<std::string_view, zstring_view>);  // it need not end in NUL
static_assert(std::is_convertible_v<const char*, zstring_view> && std::is_convertible_v<std::string, zstring_view>);
static_assert(zstring_view{}.empty() && zstring_view{"pin"}.view() == "pin");

static_assert(bounded_string<4>{}.empty() && bounded_string<4>{"abcdef"} == "abc" && bounded_string<4>{"ab"} == "ab");
static_assert(std::is_trivially_copyable_v<bounded_string<16>>);

}  // namespace

TEST_CASE("ids: numbers of different meanings neither compare nor convert", "[vocabulary]") {
  SUCCEED("as the static assertions above say");
}

TEST_CASE("ifindex: by name", "[vocabulary]") {
  SECTION("every network namespace has its loopback interface as number 1") {
    const auto loopback = ifindex::from_name("lo");
    REQUIRE(loopback.has_value());
    CHECK(*loopback == ifindex{1});
    CHECK(*ifindex::from_name(std::string{"lo"}) == ifindex{1});
  }
  SECTION("a name that nobody has") {
    const auto none = ifindex::from_name("no-such-dev");
    REQUIRE_FALSE(none);
    CHECK(none.error() == errc::not_found);
    CHECK(none.error().cause() == cause::no_such_interface);
    CHECK(none.error().sys_errno() != 0);
    CHECK(none.error().target() == "'no-such-dev'");
  }
  SECTION("what cannot be a name is refused without a system call") {
    for (const char* const name : {"", "sixteen-bytes-xx"}) {
      const auto none = ifindex::from_name(name);
      REQUIRE_FALSE(none);
      CHECK(none.error() == errc::invalid_argument);
      CHECK(none.error().cause() == cause::bad_option);
      CHECK(none.error().operation() == operation::none);
    }
    CHECK(ifindex::from_name("fifteen-bytes-x").error() == errc::not_found);
  }
}

TEST_CASE("zstring_view: borrows what ends in NUL", "[vocabulary]") {
  const char* const literal = "/sys/fs/bpf";
  CHECK(zstring_view{literal}.c_str() == literal);
  const std::string text = "/tmp/a path";
  CHECK(zstring_view{text}.c_str() == text.c_str());
  const std::filesystem::path path = "/tmp/b";
  CHECK(zstring_view{path}.c_str() == path.c_str());
  CHECK(zstring_view{path}.view() == "/tmp/b");

  const char* const null = nullptr;
  REQUIRE(zstring_view{null}.c_str() != nullptr);
  CHECK(zstring_view{null}.empty());
  CHECK(zstring_view{""}.empty());
  CHECK_FALSE(zstring_view{"x"}.empty());
}

TEST_CASE("bounded_string: keeps what fits and ends it in NUL", "[vocabulary]") {
  const bounded_string<16> fitting{"fifteen-bytes-x"};
  CHECK(fitting == "fifteen-bytes-x");
  CHECK(std::string_view{fitting.c_str()} == "fifteen-bytes-x");
  const bounded_string<16> cut{"sixteen-bytes-xx"};
  CHECK(cut == "sixteen-bytes-x");
  CHECK(std::string_view{cut.c_str()}.size() == 15);
  const bounded_string<16> empty;
  CHECK(empty.empty());
  CHECK(std::string_view{empty.c_str()}.empty());
  CHECK(empty == "");
  CHECK(empty != "x");
  const bounded_string<1> nothing{"abc"};
  CHECK(nothing.empty());
}
