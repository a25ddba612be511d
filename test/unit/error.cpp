// SPDX-License-Identifier: MIT
#include "bpflink/error.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpflink/link.hpp"
#include "failure.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"

using namespace bpflink;

// What an allocator of a sanitizer is to do where there is no memory; nobody asks for it elsewhere.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }  // NOLINT

static_assert(std::is_nothrow_copy_constructible_v<bpf_error> && std::is_nothrow_copy_assignable_v<bpf_error>);
static_assert(std::is_nothrow_move_constructible_v<bpf_error> && std::is_nothrow_move_assignable_v<bpf_error>);
static_assert(!std::is_default_constructible_v<bpf_error>);
static_assert(sizeof(bpf_error) == 16);
static_assert(sizeof(expected<link_handle>) <= 64);
static_assert(std::is_error_condition_enum_v<errc> && !std::is_error_code_enum_v<errc>);

namespace {

attempt attaching() { return {text{"attach cgroup inet_egress"}, "to", text{"/sys/fs/cgroup/app.slice"}}; }

diagnosis wrong_program() {
  return {errc::wrong_type, cause::wrong_program_type, text{"program 'drop' is an xdp program"},
          text{"load it as cgroup_skb"}};
}

bpf_error sample() {
  return make_error(attaching(), {operation::link_create, EINVAL}, wrong_program(), nullptr, "the kernel's words");
}

void check_is_sample(const bpf_error& error) {
  CHECK(error.code() == errc::wrong_type);
  CHECK(error.sys_errno() == EINVAL);
  CHECK(error.operation() == operation::link_create);
  CHECK(error.cause() == cause::wrong_program_type);
  CHECK(error.action() == "attach cgroup inet_egress");
  CHECK(error.target() == "/sys/fs/cgroup/app.slice");
  CHECK(error.reason() == "program 'drop' is an xdp program");
  CHECK(error.hint() == "load it as cgroup_skb");
  CHECK(error.log() == "the kernel's words");
  CHECK(error.first() == nullptr);
}

}  // namespace

TEST_CASE("bpf_error: carries values and texts", "[error]") {
  check_is_sample(sample());
  // The texts are its own.
  const auto error = [] {
    const std::string path = "/sys/fs/cgroup/" + std::string(300, 'x');
    return make_error({text{"attach"}, "to", text{"{}", path}}, {operation::open, ENOENT});
  }();
  CHECK(error.target().size() == 315);
  CHECK(error.target().ends_with("xxx"));
}

TEST_CASE("bpf_error: the message is one line", "[error]") {
  const auto failed = kernel::failure{operation::link_create, EINVAL};
  SECTION("with everything but the log") {
    CHECK(sample().message() ==
          "attach cgroup inet_egress to /sys/fs/cgroup/app.slice: program 'drop' is an xdp program; load it as "
          "cgroup_skb (BPF_LINK_CREATE: EINVAL)");
  }
  SECTION("without a hint") {
    auto why = wrong_program();
    why.hint = {};
    CHECK(make_error(attaching(), failed, why).message() ==
          "attach cgroup inet_egress to /sys/fs/cgroup/app.slice: program 'drop' is an xdp program (BPF_LINK_CREATE: "
          "EINVAL)");
  }
  SECTION("without a target") {
    const attempt what{text{"raise the limit"}, {}, {}};
    CHECK(make_error(what, {operation::set_limit, EPERM}).message() ==
          "raise the limit: the kernel does not permit it (setrlimit: EPERM)");
  }
  SECTION("without a target, the joint is left out") {
    const attempt what{text{"adopt link"}, "from", {}};
    CHECK(refuse_empty(what, "descriptor").message() == "adopt link: the descriptor handle is empty");
  }
  SECTION("without a reason, the code stands for it") {
    CHECK(make_error(attaching(), failed, {errc::busy, cause::slot_taken, {}, {}}).message() ==
          "attach cgroup inet_egress to /sys/fs/cgroup/app.slice: busy (BPF_LINK_CREATE: EINVAL)");
  }
  SECTION("without a system call") {
    const auto refused = refuse(attaching(), wrong_program());
    CHECK(refused.operation() == operation::none);
    CHECK(refused.sys_errno() == 0);
    CHECK(refused.message() ==
          "attach cgroup inet_egress to /sys/fs/cgroup/app.slice: program 'drop' is an xdp program; load it as "
          "cgroup_skb");
  }
  SECTION("with the failure before it") {
    const auto first = sample();
    const auto last =
        make_error(attaching(), {operation::prog_attach, EPERM}, diagnose({operation::prog_attach, EPERM}), &first);
    CHECK(last.message() ==
          "attach cgroup inet_egress to /sys/fs/cgroup/app.slice: the kernel does not permit it (BPF_PROG_ATTACH: "
          "EPERM; first BPF_LINK_CREATE: EINVAL)");
  }
  SECTION("with a first failure that was no system call") {
    const auto first = refuse(attaching(), wrong_program());
    const auto last =
        make_error(attaching(), {operation::prog_attach, EPERM}, diagnose({operation::prog_attach, EPERM}), &first);
    CHECK_THAT(last.message(), test::contains("(BPF_PROG_ATTACH: EPERM)"));
  }
  SECTION("with an errno that has no name, and with the kernel's private one") {
    const attempt what{text{"attach"}, {}, {}};
    CHECK(make_error(what, {operation::link_create, 4000}).message() ==
          "attach: the system refused (BPF_LINK_CREATE: errno 4000)");
    CHECK(make_error(what, {operation::link_create, 524}).message() ==
          "attach: the kernel does not support it (BPF_LINK_CREATE: ENOTSUPP)");
  }
}

TEST_CASE("bpf_error: copies share the texts", "[error]") {
  const auto original = sample();
  SECTION("by construction, without memory") {
    std::vector<bpf_error> copies;
    copies.reserve(1);
    const auto asked = test::allocations([&] { copies.push_back(original); });
    CHECK(asked.value_or(0) == 0);
    check_is_sample(copies.front());
    CHECK(copies.front().reason().data() == original.reason().data());
  }
  SECTION("they outlive it") {
    auto inner = [] {
      const auto first = sample();
      return bpf_error{first};
    }();
    check_is_sample(inner);
  }
  SECTION("by assignment, which lets go of its own") {
    auto other = refuse_empty(attaching(), "program");
    other = original;
    check_is_sample(other);
    check_is_sample(original);
  }
  SECTION("to itself") {
    auto error = sample();
    auto& same = error;
    error = same;
    check_is_sample(error);
  }
  SECTION("on other threads") {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([original] {
        for (int round = 0; round < 1000; ++round) {
          const auto copy = original;  // NOLINT(performance-unnecessary-copy-initialization)
          static_cast<void>(copy.message().size());
        }
      });
    }
    for (auto& thread : threads) thread.join();
    check_is_sample(original);
  }
}

TEST_CASE("bpf_error: moves, and what was moved from is safe", "[error]") {
  SECTION("by construction") {
    auto from = sample();
    const auto to = std::move(from);
    check_is_sample(to);
    // NOLINTBEGIN(bugprone-use-after-move)
    CHECK(from.code() == errc::wrong_type);
    CHECK(from.sys_errno() == EINVAL);
    CHECK(from.action().empty());
    CHECK(from.target().empty());
    CHECK(from.reason().empty());
    CHECK(from.hint().empty());
    CHECK(from.log().empty());
    CHECK(from.first() == nullptr);
    CHECK(from.message() == "wrong_type (BPF_LINK_CREATE: EINVAL)");
    const auto copy = from;
    CHECK(copy.code() == errc::wrong_type);
    from = to;
    // NOLINTEND(bugprone-use-after-move)
    check_is_sample(from);
  }
  SECTION("by assignment") {
    auto from = sample();
    auto to = refuse_empty(attaching(), "program");
    to = std::move(from);
    check_is_sample(to);
  }
  SECTION("to itself") {
    auto error = sample();
    auto& same = error;
    error = std::move(same);
    check_is_sample(error);
  }
}

TEST_CASE("bpf_error: keeps the failure before it", "[error]") {
  const auto last = [] {
    const auto first = sample();
    return make_error(attaching(), {operation::prog_attach, EPERM}, diagnose({operation::prog_attach, EPERM}), &first,
                      "");
  }();
  REQUIRE(last.first() != nullptr);
  check_is_sample(*last.first());
  CHECK(last.code() == errc::permission_denied);
  CHECK(last.operation() == operation::prog_attach);

  const auto copy = last;
  CHECK(copy.first() == last.first());

  SECTION("of any depth") {
    const auto third = make_error(attaching(), {operation::netlink_set_xdp, EBUSY}, wrong_program(), &last);
    REQUIRE(third.first() != nullptr);
    REQUIRE(third.first()->first() != nullptr);
    check_is_sample(*third.first()->first());
  }
}

TEST_CASE("bpf_error: one block of memory holds all texts", "[error]") {
  const auto first = sample();
  const auto asked = test::allocations([&first] {
    const auto error =
        make_error(attaching(), {operation::link_create, EINVAL}, wrong_program(), &first, "the kernel's words");
    static_cast<void>(error.code());
  });
  CHECK(asked.value_or(1) == 1);
}

TEST_CASE("bpf_error: the values remain where there is no memory for the texts", "[error]") {
  // Nothing is read of a log for which no room could be had: its size is more than there are addresses.
  const std::string_view endless{"", std::size_t{1} << 62U};
  const auto first = sample();
  const auto error = make_error(attaching(), {operation::link_create, ENOSPC},
                                {errc::limit, cause::too_many, text{"full"}, {}}, &first, endless);
  CHECK(error.code() == errc::limit);
  CHECK(error.cause() == cause::too_many);
  CHECK(error.operation() == operation::link_create);
  CHECK(error.sys_errno() == ENOSPC);
  CHECK(error.action().empty());
  CHECK(error.reason().empty());
  CHECK(error.log().empty());
  CHECK(error.first() == nullptr);
  CHECK(error.message() == "limit (BPF_LINK_CREATE: ENOSPC)");
}

TEST_CASE("errc: compares with errors", "[error]") {
  const auto error = sample();
  CHECK(error == errc::wrong_type);
  CHECK(errc::wrong_type == error);
  CHECK(error != errc::busy);
  CHECK(errc::busy != error);

  const expected<int> failed = tl::unexpected(error);
  CHECK(failed.error() == errc::wrong_type);
}

TEST_CASE("errc: is an error condition", "[error]") {
  const std::error_condition condition = errc::busy;
  CHECK(condition == errc::busy);
  CHECK(condition != errc::conflict);
  CHECK(condition.value() == static_cast<int>(errc::busy));
  CHECK(std::string(condition.category().name()) == "bpflink");
  CHECK(condition.message() == "busy");
  CHECK(static_cast<bool>(condition));
  CHECK(&condition.category() == &error_category());
  CHECK(&error_category() == &error_category());
  CHECK(make_error_condition(errc::limit) == std::error_condition{errc::limit});

  // It is none of the system's: EBUSY and errc::busy are different things.
  CHECK(std::error_code{EBUSY, std::generic_category()} != errc::busy);
  CHECK(condition != std::errc::device_or_resource_busy);
}
