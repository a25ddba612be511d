// SPDX-License-Identifier: MIT
// What is attached by netlink, while its calls fail.
#pragma once

#include <linux/netlink.h>
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

/// For handlers: makes of a request one that no kernel knows, and of its refusal one with this errno. To the process
/// both are the kernel's.
class refused_request {
 public:
  explicit refused_request(int error) : error_{error} {}

  test::verdict send(const test::observed_call& call) {
    constexpr std::uint16_t no_kernels_type = 0xffff;
    std::memcpy(pointer(call, 1) + offsetof(nlmsghdr, nlmsg_type), &no_kernels_type, sizeof no_kernels_type);
    waiting_ = true;
    return test::verdict::proceed();
  }
  test::verdict receive(const test::observed_call& call) {
    if (!std::exchange(waiting_, false)) return test::verdict::proceed();
    const auto got = recvfrom(static_cast<int>(call.arguments[0]), pointer(call, 1), call.arguments[2],
                              static_cast<int>(call.arguments[3]), reinterpret_cast<sockaddr*>(pointer(call, 4)),
                              reinterpret_cast<socklen_t*>(pointer(call, 5)));
    if (got < 0) return test::verdict::fail(errno);
    const int answer = -error_;
    std::memcpy(pointer(call, 1) + sizeof(nlmsghdr), &answer, sizeof answer);
    return test::verdict::give(got);
  }

 private:
  static std::byte* pointer(const test::observed_call& call, std::size_t argument) {
    return reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(call.arguments[argument]));
  }

  int error_;
  bool waiting_ = false;
};

/// Runs f again and again, with each of its answers cut off in turn, then with each of its requests refused, and
/// `check` each time. How many there were; in the last run of each sort nothing happens. The supervisor covers
/// sendto(2) and recvfrom(2).
inline std::size_t spoil_each(test::syscall_supervisor& supervisor, const std::function<void()>& f,
                              const std::function<void(const std::string& where)>& check) {
  std::size_t spoiled = 0;
  constexpr int none = 0;  // cut off, not refused
  for (const int error : {none, EPERM, ENOMEM, EBUSY}) {
    for (std::size_t nth = 1;; ++nth) {
      refused_request refused{error};
      std::size_t seen = 0;
      const auto handler = [&](const test::observed_call& call) {
        const bool turn = call.number == (error == none ? SYS_recvfrom : SYS_sendto) && ++seen == nth;
        if (turn) return error == none ? cut_off(call) : refused.send(call);
        return call.number == SYS_recvfrom ? refused.receive(call) : test::verdict::proceed();
      };
      static_cast<void>(supervisor.with_handler(handler, f));
      check(std::to_string(nth) + (error == none ? " cut off" : " refused with errno " + std::to_string(error)));
      if (seen < nth) break;
      ++spoiled;
    }
  }
  return spoiled;
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
