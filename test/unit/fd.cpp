// SPDX-License-Identifier: MIT
#include "bpflink/fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <type_traits>
#include <utility>

#include "bpflink/program.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/fd.hpp"

using namespace bpflink;
using test::expect;
using test::expect_equal;
using test::in_child;

static_assert(!std::is_copy_constructible_v<unique_fd> && !std::is_copy_assignable_v<unique_fd>);
static_assert(std::is_nothrow_move_constructible_v<unique_fd> && std::is_nothrow_move_assignable_v<unique_fd>);
static_assert(!std::is_constructible_v<unique_fd, int> && !std::is_convertible_v<unique_fd, int>);
static_assert(!std::is_convertible_v<unique_fd, bool> && std::is_constructible_v<bool, const unique_fd&>);
static_assert(sizeof(unique_fd) == sizeof(int));

static_assert(std::is_trivially_copyable_v<fd_ref> && sizeof(fd_ref) == sizeof(int));
static_assert(std::is_convertible_v<const unique_fd&, fd_ref> && std::is_convertible_v<unique_fd&, fd_ref>);
static_assert(!std::is_constructible_v<fd_ref, unique_fd> && !std::is_constructible_v<fd_ref, const unique_fd>);
static_assert(std::is_constructible_v<fd_ref, int> && !std::is_convertible_v<int, fd_ref>);
static_assert(!std::is_convertible_v<fd_ref, int> && !std::is_convertible_v<fd_ref, bool>);

namespace {

template <class Owner>
concept has_number = requires(Owner&& owner) {
  std::forward<Owner>(owner).get();
};
static_assert(has_number<unique_fd&> && has_number<const unique_fd&>);
static_assert(!has_number<unique_fd> && !has_number<const unique_fd>);

bool is_open(int number) { return ::fcntl(number, F_GETFD) >= 0; }

unique_fd open_null() {
  const int number = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (number < 0) throw std::runtime_error("no /dev/null");
  return unique_fd::adopt(number);
}

}  // namespace

TEST_CASE("unique_fd: owns what it adopts and nothing else", "[fd]") {
  SECTION("an empty one owns nothing") {
    unique_fd empty;
    CHECK_FALSE(empty);
    CHECK(empty.get() == -1);
    CHECK(empty.release() == -1);
    empty.reset();
  }
  SECTION("a negative number is nothing") {
    const auto nothing = unique_fd::adopt(-ENOENT);
    CHECK_FALSE(nothing);
    CHECK(nothing.get() == -1);
  }
  SECTION("it closes at the end of its life") {
    int number = -1;
    {
      const auto owner = open_null();
      number = owner.get();
      CHECK(owner);
      CHECK(is_open(number));
    }
    CHECK_FALSE(is_open(number));
  }
  SECTION("reset closes once") {
    auto owner = open_null();
    const int number = owner.get();
    owner.reset();
    CHECK_FALSE(owner);
    CHECK_FALSE(is_open(number));
    // The number is free now and becomes somebody else's: a second reset must not close that.
    const auto other = open_null();
    REQUIRE(other.get() == number);
    owner.reset();
    CHECK(is_open(number));
  }
  SECTION("release gives it up") {
    auto owner = open_null();
    const int number = owner.release();
    CHECK_FALSE(owner);
    CHECK(is_open(number));
    ::close(number);
  }
}

TEST_CASE("unique_fd: moves", "[fd]") {
  SECTION("construction leaves the source empty") {
    auto first = open_null();
    const int number = first.get();
    const auto second = std::move(first);
    CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move)
    CHECK(second.get() == number);
    CHECK(is_open(number));
  }
  SECTION("assignment closes what was owned before") {
    auto first = open_null();
    auto second = open_null();
    const int kept = first.get();
    const int closed = second.get();
    second = std::move(first);
    CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move)
    CHECK(second.get() == kept);
    CHECK(is_open(kept));
    CHECK_FALSE(is_open(closed));
  }
  SECTION("to itself changes nothing") {
    auto owner = open_null();
    const int number = owner.get();
    auto& same = owner;
    owner = std::move(same);
    CHECK(owner.get() == number);
    CHECK(is_open(number));
  }
  SECTION("swap") {
    auto first = open_null();
    auto second = open_null();
    const int one = first.get();
    const int two = second.get();
    std::swap(first, second);
    CHECK(first.get() == two);
    CHECK(second.get() == one);
    CHECK((is_open(one) && is_open(two)));
  }
}

TEST_CASE("unique_fd: keeps errno, also where closing fails", "[fd]") {
  auto owner = open_null();
  ::close(owner.get());
  errno = ELOOP;
  owner.reset();
  CHECK(errno == ELOOP);

  auto next = open_null();
  auto source = unique_fd::adopt(next.release());
  ::close(source.get());
  errno = EXDEV;
  source = unique_fd{};
  CHECK(errno == EXDEV);
}

TEST_CASE("unique_fd: close reports", "[fd]") {
  SECTION("success") {
    auto owner = open_null();
    const int number = owner.get();
    CHECK(owner.close().has_value());
    CHECK_FALSE(owner);
    CHECK_FALSE(is_open(number));
  }
  SECTION("nothing owned: bad_handle, without a system call") {
    unique_fd empty;
    const auto closed = empty.close();
    REQUIRE_FALSE(closed);
    CHECK(closed.error() == errc::bad_handle);
    CHECK(closed.error().cause() == cause::empty_handle);
    CHECK(closed.error().operation() == operation::none);
    CHECK(closed.error().sys_errno() == 0);
  }
  SECTION("closed by somebody else: bad_handle, and never again") {
    auto owner = open_null();
    ::close(owner.get());
    const auto closed = owner.close();
    REQUIRE_FALSE(closed);
    CHECK(closed.error() == errc::bad_handle);
    CHECK(closed.error().cause() == cause::closed_descriptor);
    CHECK(closed.error().operation() == operation::close);
    CHECK(closed.error().sys_errno() == EBADF);
    CHECK_FALSE(owner);
  }
}

TEST_CASE("unique_fd: duplicate", "[fd]") {
  SECTION("the same file, close-on-exec, above the standard streams") {
    const auto owner = open_null();
    const auto second = owner.duplicate();
    REQUIRE(second.has_value());
    CHECK(second->get() != owner.get());
    CHECK(second->get() > STDERR_FILENO);
    CHECK(::fcntl(second->get(), F_GETFD) == FD_CLOEXEC);
  }
  SECTION("never takes the place of a standard stream") {
    const auto child = in_child([] {
      const auto owner = open_null();
      for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(stream);
      for (int i = 0; i < 4; ++i) {
        auto second = owner.duplicate();
        expect(second.has_value());
        expect(second->get() > STDERR_FILENO, "a descriptor below 3");
        static_cast<void>(second->release());
      }
    });
    CHECK(child.failure() == "");
  }
  SECTION("of nothing: bad_handle") {
    const unique_fd empty;
    const auto second = empty.duplicate();
    REQUIRE_FALSE(second);
    CHECK(second.error() == errc::bad_handle);
    CHECK(second.error().operation() == operation::none);
  }
  SECTION("of what somebody else closed: bad_handle") {
    auto owner = open_null();
    ::close(owner.get());
    const auto second = owner.duplicate();
    REQUIRE_FALSE(second);
    CHECK(second.error() == errc::bad_handle);
    CHECK(second.error().cause() == cause::closed_descriptor);
    CHECK(second.error().operation() == operation::duplicate);
    static_cast<void>(owner.release());
  }
  SECTION("without a free descriptor: system") {
    const auto child = in_child([] {
      const auto owner = open_null();
      const ::rlimit none{static_cast<::rlim_t>(owner.get()) + 1, static_cast<::rlim_t>(owner.get()) + 1};
      expect_equal(::setrlimit(RLIMIT_NOFILE, &none), 0);
      const auto second = owner.duplicate();
      expect(!second.has_value());
      expect(second.error() == errc::system);
      expect(second.error().cause() == cause::no_descriptors);
      expect_equal(second.error().sys_errno(), EMFILE);
    });
    CHECK(child.failure() == "");
  }
  SECTION("takes no memory") {
    const auto owner = open_null();
    const auto asked = test::allocations([&owner] { static_cast<void>(owner.duplicate()); });
    CHECK(asked.value_or(0) == 0);
  }
}

TEST_CASE("fd_ref: borrows", "[fd]") {
  SECTION("nothing") {
    CHECK_FALSE(fd_ref{});
    CHECK(fd_ref{}.get() == -1);
    CHECK(fd_ref{-5}.get() == -1);
  }
  SECTION("from an owner, which goes on owning") {
    const auto owner = open_null();
    {
      const fd_ref borrowed = owner;
      CHECK(borrowed);
      CHECK(borrowed.get() == owner.get());
    }
    CHECK(is_open(owner.get()));
  }
}
