// SPDX-License-Identifier: MIT
// Why a network namespace that was named could not be entered, or has no such interface.
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "child_helpers.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "unprivileged.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

using test::contains;

struct expectation {
  errc code;
  bpflink::cause why;
  int number;
};

expected<xdp_link> attach_in(netns_target netns, program_ref program, ifindex index = 1) {
  return attach(xdp_options{.interface = {index, netns}, .program = program});
}

void check(const bpf_error& error, expectation wanted, const std::string& words) {
  INFO(error.message());
  CHECK(to_string(error.code()) == to_string(wanted.code));
  CHECK(to_string(error.cause()) == to_string(wanted.why));
  CHECK(error.sys_errno() == wanted.number);
  CHECK_THAT(error.message(), contains(words));
}

// Attach and query say the same, each of its own.
void check_both(netns_target netns, program_ref program, expectation wanted, const std::string& words) {
  const auto link = attach_in(netns, program);
  REQUIRE_FALSE(link);
  check(link.error(), wanted, "attach xdp to " + words);
  const auto attached = query({.interface = {1, netns}});
  REQUIRE_FALSE(attached);
  check(attached.error(), wanted, "query xdp of " + words);
}

// In a child: the thread of the library's cannot be made.
void without_threads(int error, expectation wanted, const std::string& words) {
  const auto result = test::in_child([&] {
    const test::netns_fixture there;
    const auto program = load_xdp();
    const auto home = test::own_netns_inode();
    test::syscall_supervisor supervisor({SYS_clone, SYS_clone3});
    std::string told;
    bool fits = false;
    static_cast<void>(supervisor.with_handler([&](const test::observed_call&) { return test::verdict::fail(error); },
                                              [&] {
                                                const auto link = attach_in(fd_ref{there.get()}, borrow(program));
                                                told = sentence(link);
                                                fits = !link && link.error() == wanted.code &&
                                                       link.error().cause() == wanted.why &&
                                                       link.error().sys_errno() == wanted.number &&
                                                       link.error().operation() == operation::make_thread;
                                              }));
    expect_contains(told, words);
    expect(fits, told);
    expect_equal(test::own_netns_inode(), home);
    expect_equal(sentence(attach_in(fd_ref{there.get()}, borrow(program))), "");
  });
  CHECK(result.failure() == "");
}

// The one thread that is neither the caller's nor this: what signals it blocks.
std::uint64_t blocked_on_third_thread(pid_t caller) {
  std::array<char, 1024> entries{};
  const int directory = ::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const long length = ::syscall(SYS_getdents64, directory, entries.data(), entries.size());
  ::close(directory);
  std::uint64_t blocked = 0;
  for (long at = 0; at < length;) {
    std::uint16_t size = 0;
    std::memcpy(&size, entries.data() + at + 16, sizeof size);
    const char* const name = entries.data() + at + 19;
    at += size;
    const int thread = std::atoi(name);
    if (thread == 0 || thread == caller || thread == ::gettid()) continue;
    std::array<char, 64> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/task/%d/status", thread);
    std::array<char, 4096> status{};
    const int file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    if (::read(file, status.data(), status.size() - 1) > 0) {
      const char* const line = std::strstr(status.data(), "SigBlk:");
      if (line != nullptr) blocked = std::strtoull(line + 7, nullptr, 16);
    }
    ::close(file);
  }
  return blocked;
}

}  // namespace

TEST_CASE("xdp: a namespace that is gone, none or empty is told, and which one was meant", "[xdp]") {
  SKIP_IF(test::needs_root());
  const auto program = load_xdp();
  const auto both = [&](netns_target netns, expectation wanted, const std::string& words) {
    check_both(netns, borrow(program), wanted, words);
  };
  both("/run/netns/bpflink-none", {errc::not_found, cause::no_such_path, ENOENT},
       "interface 1 of /run/netns/bpflink-none: no such path (open: ENOENT)");
  both(process_id{0x7fffffff}, {errc::not_found, cause::no_such_process, ENOENT},
       "interface 1 of the network namespace of process 2147483647: there is no such process");
  both("/dev/null", {errc::invalid_argument, cause::not_a_network_namespace, EINVAL},
       "interface 1 of /dev/null: it is no namespace");
  both("/proc/self/ns/mnt", {errc::invalid_argument, cause::not_a_network_namespace, EINVAL},
       "interface 1 of /proc/self/ns/mnt: it is a mount namespace, not a network namespace (setns: EINVAL)");
  both(fd_ref{program.get()}, {errc::invalid_argument, cause::not_a_network_namespace, EINVAL},
       "interface 1 of the network namespace of descriptor " + std::to_string(program.get()) + ": it is no namespace");
  both(fd_ref{9999}, {errc::bad_handle, cause::closed_descriptor, EBADF},
       "interface 1 of the network namespace of descriptor 9999: the namespace's descriptor is closed");
  both(fd_ref{}, {errc::bad_handle, cause::empty_handle, 0}, "interface 1: the network namespace handle is empty");
  both("", {errc::bad_handle, cause::empty_handle, 0}, "interface 1: the network namespace handle is empty");
  const auto named_only = test::open_file("/proc/self/ns/net", O_PATH | O_CLOEXEC);
  const test::netns_fixture elsewhere;
  elsewhere.run([&] {
    both(fd_ref{named_only.get()}, {errc::invalid_argument, cause::not_a_network_namespace, EBADF},
         "interface 1 of the network namespace of descriptor " + std::to_string(named_only.get()) + ": ");
  });

  const auto ended = ::fork();
  REQUIRE(ended >= 0);
  if (ended == 0) ::_exit(0);
  siginfo_t how{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(ended), &how, WEXITED | WNOWAIT) == 0);
  both(process_id{static_cast<std::uint32_t>(ended)}, {errc::not_found, cause::no_such_process, ENOENT},
       "interface 1 of the network namespace of process " + std::to_string(ended) + ": the process has ended");
  CHECK(::waitpid(ended, nullptr, 0) == ended);
}

TEST_CASE("xdp: an index is looked up in the namespace that was named", "[xdp]") {
  SKIP_IF(test::needs_veth());
  const test::netns_fixture here;
  const test::netns_fixture there;
  unsigned only_there = 0;
  there.run([&] {
    test::create_veth("left", "right");
    only_there = test::ifindex_of("right");
  });
  here.run([&] {
    const auto program = load_xdp();
    const int number = test::at_least(5, 9) ? EINVAL : ENODEV;
    const auto missing = [&](const expected<xdp_link>& link, const std::string& target) {
      REQUIRE_FALSE(link);
      check(link.error(), {errc::not_found, cause::no_such_interface, number},
            "attach xdp to interface " + std::to_string(only_there) + target +
                ": no interface of this network namespace has the index " + std::to_string(only_there));
    };
    const auto index = index_of(only_there);
    CHECK(sentence(attach_in(fd_ref{there.get()}, borrow(program), index)) == "");
    missing(attach_in(netns_target::current(), borrow(program), index), "");

    // The other way round: present here, missing there.
    there.run([&] {
      missing(attach_in(fd_ref{here.get()}, borrow(program), index),
              " of the network namespace of descriptor " + std::to_string(here.get()));
      const auto asked = query({.interface = {index, fd_ref{here.get()}}});
      REQUIRE_FALSE(asked);
      check(asked.error(), {errc::not_found, cause::no_such_interface, ENODEV},
            "query xdp of interface " + std::to_string(only_there) + " of the network namespace of descriptor " +
                std::to_string(here.get()) + ": no interface");
    });
  });
}

TEST_CASE("xdp: who may not enter a namespace is told what is missing", "[xdp]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture there;
  const auto program = load_xdp();
  const auto result = test::in_child([&] {
    test::become_nobody({test::cap_net_admin});
    const auto refused = failure_of(attach_in(fd_ref{there.get()}, borrow(program)));
    expect(refused == errc::permission_denied);
    expect(refused.cause() == cause::missing_capability);
    expect(refused.operation() == operation::enter_namespace);
    expect_equal(refused.sys_errno(), EPERM);
    expect_contains(refused.message(), "CAP_SYS_ADMIN is missing");
    expect(refused.message().find("would do as well") == std::string::npos);
    // What needs no entering needs no capability either.
    expect_equal(sentence(query({.interface = 1})), "");
    const auto hidden = failure_of(attach_in(process_id{1}, borrow(program)));
    expect(hidden == errc::permission_denied);
    expect_contains(hidden.message(), "interface 1 of the network namespace of process 1: CAP_SYS_PTRACE is missing");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("xdp: a namespace of a user namespace above is told", "[xdp]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture there;
  const auto program = load_xdp();
  const auto result = test::in_child([&] {
    // Some systems allow no user namespaces.
    if (::unshare(CLONE_NEWUSER) != 0) return;
    const auto refused = failure_of(attach_in(fd_ref{there.get()}, borrow(program)));
    expect(refused == errc::permission_denied);
    expect_contains(refused.message(), "belongs to a user namespace in which CAP_SYS_ADMIN is missing");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("xdp: a thread that cannot be made is told", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  without_threads(EAGAIN, {errc::limit, cause::unknown, EAGAIN},
                  "no thread can be made to enter the namespace: a limit of threads, or of memory, is reached");
  without_threads(EPERM, {errc::permission_denied, cause::unknown, EPERM}, "(pthread_create: EPERM)");
}

TEST_CASE("xdp: no signal reaches the thread that enters a namespace", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto result = test::in_child([] {
    const test::netns_fixture there;
    const auto program = load_xdp();
    sigset_t before;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
    const auto caller = ::gettid();
    test::syscall_supervisor supervisor({SYS_bpf});
    std::uint64_t blocked = 0;
    bool attached = false;
    static_cast<void>(supervisor.with_handler(
        [&](const test::observed_call&) {
          if (blocked == 0) blocked = blocked_on_third_thread(caller);
          return test::verdict::proceed();
        },
        [&] { attached = attach_in(fd_ref{there.get()}, borrow(program)).has_value(); }));
    expect(attached);
    for (const int signal : {SIGHUP, SIGINT, SIGUSR1, SIGTERM, SIGCHLD, SIGALRM}) {
      expect((blocked >> static_cast<unsigned>(signal - 1) & 1U) != 0, "signal " + std::to_string(signal));
    }
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    for (int signal = 1; signal < 32; ++signal) {
      expect_equal(sigismember(&after, signal), sigismember(&before, signal), "the caller's mask");
    }
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
