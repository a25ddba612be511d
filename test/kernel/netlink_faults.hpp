// SPDX-License-Identifier: MIT
// What is attached by netlink, while its calls fail.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "child_helpers.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

inline constexpr int netlink_errors[] = {ENOMEM, EPERM};

inline void in_child_netns(const std::function<void()>& checks) {
  CHECK(test::in_child([&] { test::netns_fixture().run(checks); }, 60).failure() == "");
}

/// For handlers of recvfrom(2): this instead of the kernel's answer.
template <class Reply>
test::verdict answer(const test::observed_call& call, const Reply& reply) {
  std::memcpy(reinterpret_cast<void*>(static_cast<std::uintptr_t>(call.arguments[1])), &reply, sizeof reply);
  return test::verdict::give(sizeof reply);
}
/// The same: the kernel's answer is longer than there is room for.
inline test::verdict cut_off(const test::observed_call& call) {
  std::array<std::byte, 10> beginning{};
  if (recv(static_cast<int>(call.arguments[0]), beginning.data(), beginning.size(), MSG_DONTWAIT) < 0) {
    return test::verdict::fail(errno);
  }
  return test::verdict::give(static_cast<std::int64_t>(call.arguments[2]) + 1);
}

/// Runs f again and again, with each of its answers cut off in turn, and `check` each time. How many there were; the
/// last run of f has them all.
inline std::size_t cut_each(test::syscall_supervisor& supervisor, const std::function<void()>& f,
                            const std::function<void(const std::string& where)>& check) {
  for (std::size_t nth = 1;; ++nth) {
    std::size_t seen = 0;
    static_cast<void>(supervisor.with_handler(
        [&](const test::observed_call& call) {
          return call.number == SYS_recvfrom && ++seen == nth ? cut_off(call) : test::verdict::proceed();
        },
        f));
    check("answer " + std::to_string(nth) + " cut off");
    if (seen < nth) return nth - 1;
  }
}

/// Each call of an attach fails in turn. `check` is told whether it worked; then it is left attached without a handle.
template <class Options>
std::size_t fail_attaching(const Options& options,
                           const std::function<void(bool attached, const std::string& where)>& check) {
  // What is asked once in the life of the process is known from here on.
  expect_equal(sentence(attach(options)), "");
  test::syscall_supervisor supervisor;
  bool attached = false;
  const auto run = [&] {
    auto link = attach(options);
    attached = link.has_value();
    if (link) static_cast<void>(std::move(*link).release());
  };
  return supervisor.fail_each(netlink_errors, run,
                              [&](const test::fault& fault) { check(attached, "after " + fault.where.name()); });
}

}  // namespace bpflink
