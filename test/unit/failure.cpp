// SPDX-License-Identifier: MIT
#include "failure.hpp"

#include <cerrno>
#include <string>

#include "support/catch.hpp"

using namespace bpflink;

namespace {

struct row {
  int number;
  errc code;
  bpflink::cause why;
};

// What an errno means where nothing else is known.
constexpr row rows[] = {
    {EINVAL, errc::not_supported, cause::unknown},
    {E2BIG, errc::not_supported, cause::unknown},
    {524, errc::not_supported, cause::unknown},  // ENOTSUPP
    {EOPNOTSUPP, errc::not_supported, cause::unknown},
    {ENOSYS, errc::not_supported, cause::missing_configuration},
    {EPERM, errc::permission_denied, cause::unknown},
    {EACCES, errc::permission_denied, cause::unknown},
    {EBADF, errc::bad_handle, cause::closed_descriptor},
    {EBADFD, errc::bad_handle, cause::closed_descriptor},
    {ENOENT, errc::not_found, cause::unknown},
    {ESRCH, errc::not_found, cause::no_such_process},
    {ENODEV, errc::not_found, cause::no_such_interface},
    {ENXIO, errc::not_found, cause::no_such_interface},
    {ENOTDIR, errc::not_found, cause::no_such_path},
    {EEXIST, errc::already_exists, cause::unknown},
    {EBUSY, errc::busy, cause::unknown},
    {ESTALE, errc::conflict, cause::stale_revision},
    {ENOLINK, errc::defunct, cause::target_gone},
    {EADDRNOTAVAIL, errc::ambiguous, cause::unknown},
    {ENOSPC, errc::limit, cause::unknown},
    {ERANGE, errc::invalid_argument, cause::bad_option},
    {EFAULT, errc::invalid_argument, cause::bad_option},
    {ELOOP, errc::invalid_argument, cause::bad_option},
    {ENAMETOOLONG, errc::invalid_argument, cause::bad_option},
    {EXDEV, errc::invalid_argument, cause::bad_option},
    {ENOMEM, errc::system, cause::no_memory},
    {EMFILE, errc::system, cause::no_descriptors},
    {ENFILE, errc::system, cause::no_descriptors},
};

const row* row_of(int number) {
  for (const auto& one : rows) {
    if (one.number == number) return &one;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("failure: every errno has its meaning", "[failure]") {
  // 0 and what is beyond the kernel's numbers too: nothing may be taken for success or for "not supported".
  for (int number = 0; number <= 4095; ++number) {
    INFO("errno " << number << " " << errno_name(number));
    const auto why = diagnose({operation::link_create, number});
    const auto* const expected = row_of(number);
    REQUIRE(why.code == (expected != nullptr ? expected->code : errc::system));
    REQUIRE(why.why == (expected != nullptr ? expected->why : cause::unknown));
    REQUIRE_FALSE(why.reason.empty());
    REQUIRE(why.hint.empty());
  }
}

TEST_CASE("failure: the meaning does not depend on the call", "[failure]") {
  for (const auto& one : rows) {
    CHECK(diagnose({operation::open, one.number}).code == one.code);
    CHECK(diagnose({operation::netlink_set_xdp, one.number}).code == one.code);
  }
}

TEST_CASE("failure: an error keeps what failed", "[failure]") {
  const attempt what{text{"detach {} link", "cgroup"}, "from", text{"id {}", 17}};
  for (const auto& one : rows) {
    const auto error = make_error(what, {operation::link_detach, one.number});
    INFO(error.message());
    CHECK(error == one.code);
    CHECK(error.cause() == one.why);
    CHECK(error.sys_errno() == one.number);
    CHECK(error.operation() == operation::link_detach);
    CHECK(error.first() == nullptr);
    CHECK(error.message().starts_with("detach cgroup link from id 17: "));
    CHECK(error.message().ends_with("(BPF_LINK_DETACH: " + std::string(errno_name(one.number)) + ")"));
    CHECK(error.message().find('\n') == std::string::npos);
  }
}

TEST_CASE("failure: a refusal is no system call's", "[failure]") {
  const auto error = refuse_empty({text{"update link"}, {}, {}}, "program");
  CHECK(error == errc::bad_handle);
  CHECK(error.cause() == cause::empty_handle);
  CHECK(error.operation() == operation::none);
  CHECK(error.sys_errno() == 0);
  CHECK(error.message() == "update link: the program handle is empty");
}
