// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "catch.hpp"
#include "child.hpp"
#include "netns_fixture.hpp"
#include "privileges.hpp"
#include "raw_bpf.hpp"
#include "seccomp.hpp"
#include "syscall_supervisor.hpp"

using namespace bpflink::test;

namespace {

int error_of(long result) { return result < 0 ? errno : 0; }

// Three calls: openat, read, close.
void read_a_byte() {
  const fd file = open_file("/dev/zero", O_RDONLY);
  if (!file) return;
  char byte = 1;
  if (::read(file.get(), &byte, 1) != 1) return;
}

}  // namespace

TEST_CASE("seccomp: refuses what it is told to, and nothing else", "[seccomp]") {
  SKIP_IF(needs_seccomp());
  const child_result child = in_child([] {
    refuse_bpf({command::link_create, command::iter_create}, ENOSYS);
    expect_equal(link_create(-1, -1, 0).error(), ENOSYS);
    expect_equal(iter_create(-1).error(), ENOSYS);
    expect(link_update(-1, -1) != ENOSYS, "another command is refused");
    refuse_bpf_larger_than(48);
    attribute attr;
    expect_equal(attr.call(command::map_lookup_elem, 49), -E2BIG);
    expect(attr.call(command::map_lookup_elem, 48) != -E2BIG, "48 bytes are refused");
    refuse_call(SYS_perf_event_open, ENOENT);
    expect_equal(error_of(::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0)), ENOENT);
    refuse_ioctl(FIONREAD, EINVAL);
    int value = 0;
    expect_equal(error_of(::ioctl(STDIN_FILENO, FIONREAD, &value)), EINVAL);
    refuse_socket(AF_NETLINK, EMFILE);
    expect_equal(error_of(::socket(AF_NETLINK, SOCK_RAW, 0)), EMFILE);
    expect_equal(error_of(::socket(AF_UNIX, SOCK_STREAM, 0)), 0);
    expect(in_child([] { expect_equal(iter_create(-1).error(), ENOSYS); }).failure().empty(), "a grandchild is spared");
  });
  CHECK(child.failure() == "");
}

TEST_CASE("seccomp: works for a user without privileges", "[seccomp]") {
  SKIP_IF(needs_seccomp());
  const child_result child = in_child([] {
    if (::geteuid() == 0) expect_equal(error_of(::setresuid(65534, 65534, 65534)), 0);
    refuse_bpf({command::prog_load}, ENOSYS);
    expect_equal(try_load({}).error(), ENOSYS);
  });
  CHECK(child.failure() == "");
}

TEST_CASE("supervisor: counts exactly and sees what calls point at", "[supervisor]") {
  SKIP_IF(needs_supervisor());
  const child_result child = in_child([] {
    syscall_supervisor supervisor;
    expect_equal(names(supervisor.record_calls([] {})), "");
    const auto calls = supervisor.record_calls(read_a_byte);
    expect_equal(names(calls), "openat(/dev/zero) read close");
    expect_equal(static_cast<long>(supervisor.count_calls(read_a_byte)), 3);

    const auto bpf = supervisor.record_calls([] { link_create(-1, 7, attach_type::xdp, 2); });
    expect_equal(names(bpf), "bpf(28)");
    expect_equal(static_cast<long>(bpf.at(0).bytes.size()), 16);
    expect_equal(bpf.at(0).at(4), 7);
    expect_equal(bpf.at(0).at(8), attach_type::xdp);

    // A pointer that is none: the kernel's answer, and no crash.
    expect_equal(names(supervisor.record_calls(
                     [] { expect_equal(error_of(::syscall(SYS_bpf, command::prog_load, 8, 72)), EFAULT); })),
                 "bpf(5)");
    // A sanitizer makes calls of its own where a thread starts.
    const std::string on_another = names(supervisor.record_calls([] { on_thread(read_a_byte); }));
    expect(on_another.ends_with("openat(/dev/zero) read close"), on_another);
  });
  CHECK(child.failure() == "");
}

TEST_CASE("supervisor: covers what it is told to only", "[supervisor]") {
  SKIP_IF(needs_supervisor());
  const child_result child = in_child([] {
    syscall_supervisor supervisor({SYS_bpf, SYS_close});
    expect_equal(names(supervisor.record_calls(read_a_byte)), "close");
    bool refused = false;
    try {
      syscall_supervisor second({SYS_bpf});
    } catch (const std::logic_error&) {
      refused = true;
    }
    expect(refused, "a second supervisor");
  });
  CHECK(child.failure() == "");
}

TEST_CASE("supervisor: a handler answers by what the attribute holds", "[supervisor]") {
  SKIP_IF(needs_supervisor());
  const child_result child = in_child([] {
    syscall_supervisor supervisor;
    const call_handler no_netns_links = [](const observed_call& call) {
      if (call.number != SYS_bpf || call.command() != command::link_create) return verdict::proceed();
      if (call.at(8) == attach_type::sk_lookup) return verdict::fail(EPERM);
      return call.at(8) == attach_type::xdp ? verdict::give(1234) : verdict::proceed();
    };
    const auto calls = supervisor.with_handler(no_netns_links, [] {
      expect_equal(link_create(-1, -1, attach_type::sk_lookup).error(), EPERM);
      const int other = link_create(-1, -1, attach_type::flow_dissector).error();
      expect(other != EPERM || !needs_root().empty(), "another attach type is refused");
      fd invented = link_create(-1, -1, attach_type::xdp);
      expect_equal(invented.release(), 1234);
    });
    expect_equal(names(calls), "bpf(28) bpf(28) bpf(28)");
    supervisor.with_handler([](const observed_call& call) { return refuse_tail(call, 48); },
                            [] {
                              attribute attr;
                              expect(attr.call(command::link_create, 64) != -E2BIG, "a tail of zeros is refused");
                              expect_equal(attr.put(60, 1).call(command::link_create, 64), -E2BIG);
                            });
    expect(link_create(-1, -1, attach_type::xdp).error() != 0, "the handler outlives its run");
  });
  CHECK(child.failure() == "");
}

TEST_CASE("supervisor: fails the call that it is told to", "[supervisor]") {
  SKIP_IF(needs_supervisor());
  const child_result child = in_child([] {
    syscall_supervisor supervisor;
    int error = -1;
    const auto open_it = [&error] {
      const fd file = open_file("/dev/zero", O_RDONLY);
      error = file.error();
    };
    expect(supervisor.fail_nth(1, EMFILE, open_it), "the first call was not reached");
    expect_equal(error, EMFILE);
    // A close(2) that fails has closed all the same.
    const descriptors before = open_descriptors();
    expect(supervisor.fail_nth(2, EIO, open_it), "the second call was not reached");
    expect_equal(error, 0);
    expect_equal(leaked(before, open_descriptors()), "");
    expect(!supervisor.fail_nth(3, EIO, open_it), "there is no third call");

    std::string seen;
    const int errors[] = {EPERM, EINTR};
    const std::size_t faults = supervisor.fail_each(errors, read_a_byte, [&seen](const fault& f) {
      seen += std::to_string(f.call) + ":" + std::to_string(f.error) + ":" + f.where.name() + " ";
    });
    expect_equal(static_cast<long>(faults), 6);
    expect_equal(seen, "1:1:openat(/dev/zero) 1:4:openat(/dev/zero) 2:1:read 2:4:read 3:1:close 3:4:close ");
  });
  CHECK(child.failure() == "");
}

TEST_CASE("supervisor: sees a leak after a fault", "[supervisor]") {
  SKIP_IF(needs_supervisor());
  const child_result child = in_child([] {
    syscall_supervisor supervisor;
    const int errors[] = {EPERM};
    // Forgets the descriptor when the read fails.
    supervisor.fail_each(
        errors,
        [] {
          fd file = open_file("/dev/zero", O_RDONLY);
          char byte = 0;
          if (::read(file.get(), &byte, 1) != 1) file.release();
        },
        [](const fault&) {});
  });
  CHECK(child.exit_status == 1);
  CHECK_THAT(child.output, contains("errno 1 from call 2, read, leaks:"));
  CHECK_THAT(child.output, contains("-> /dev/zero"));
}
