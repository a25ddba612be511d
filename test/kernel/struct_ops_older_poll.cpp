// SPDX-License-Identifier: MIT
// Links of struct_ops before Linux 6.11, which can neither be detached nor polled: a file that cannot be polled is
// always ready.
#include <poll.h>
#include <sys/syscall.h>

#include <cerrno>
#include <chrono>
#include <optional>

#include "child_helpers.hpp"
#include "struct_ops_helpers.hpp"
#include "support/catch.hpp"
#include "support/old_kernel.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

#ifdef SYS_poll
constexpr long polling = SYS_poll;
#else
constexpr long polling = SYS_ppoll;
#endif

test::verdict before_polling(const test::observed_call& call) {
  if (call.number == SYS_bpf) {
    return call.command() == test::command::link_detach ? test::verdict::fail(EOPNOTSUPP) : test::verdict::proceed();
  }
  auto& asked = *reinterpret_cast<pollfd*>(static_cast<std::uintptr_t>(call.arguments[0]));
  asked.revents = static_cast<short>(asked.events & (POLLIN | POLLOUT));
  return test::verdict::give(1);
}

}  // namespace

TEST_CASE("struct_ops: a kernel that does not say when a link is detached", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  SKIP_IF(test::needs_supervisor());
  if (lacks_struct_ops_links()) return;
  const test::congestion_control control;
  const auto map = control.filled_map();
  auto link = attach(struct_ops_options{.map = fd_ref{map.get()}});
  REQUIRE(sentence(link) == "");
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor({SYS_bpf, polling});
          std::optional<expected<bool>> waited;
          std::optional<expected<bool>> asked;
          std::optional<expected<void>> detached;
          supervisor.with_handler(before_polling, [&] {
            waited.emplace(link->wait_detached(std::chrono::milliseconds{-1}));
            asked.emplace(link->detached());
            detached.emplace(link->detach());
          });
          const auto missing = failure_of(*waited);
          expect(missing == errc::not_supported && missing.cause() == cause::missing_feature, missing.message());
          expect_contains(missing.message(), "Linux does since 6.11");
          // Whether it is can be told all the same, by its information.
          expect(!must(*asked), "it is called detached");
          const auto refused = failure_of(*detached);
          expect(refused == errc::not_supported, refused.message());
          expect_equal(refused.sys_errno(), EOPNOTSUPP);
        }).failure() == "");
}

}  // namespace bpflink
