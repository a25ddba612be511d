// SPDX-License-Identifier: MIT
// The pieces that other tests rely on, shown to do what they say: a fixture that does nothing would make every test
// that uses it pass.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "alloc_counter.hpp"
#include "catch.hpp"
#include "child.hpp"
#include "kernel_version.hpp"
#include "privileges.hpp"
#include "raw_bpf.hpp"
#include "vmlinux_btf.hpp"

using namespace bpflink::test;

TEST_CASE("child: tells how it ended", "[child]") {
  CHECK(in_child([] {}).failure() == "");

  const child_result thrown = in_child([] { expect_equal(1, 2, "one"); });
  CHECK(thrown.exit_status == 1);
  CHECK_THAT(thrown.output, contains(".cpp:" + std::to_string(__LINE__ - 2) + ": one is 1, not 2"));

  const child_result killed = in_child([] { ::raise(SIGKILL); });
  CHECK(killed.signal == SIGKILL);
  CHECK_FALSE(killed);

  const child_result late = in_child([] { ::pause(); }, 1);
  CHECK(late.timed_out);

  const child_result spoke = in_child([] {
    std::puts("said so");
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    throw std::runtime_error("still heard");
  });
  CHECK_THAT(spoke.output, contains("still heard"));
}

TEST_CASE("fd: a leak is seen", "[fd]") {
  const descriptors before = open_descriptors();
  const int forgotten = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  CHECK(leaked(before, open_descriptors()) == std::to_string(forgotten) + " -> /dev/null\n");
  ::close(forgotten);
  CHECK(leaked(before, open_descriptors()).empty());
}

// Run by the next one, in a process of its own: it has to fail.
TEST_CASE("leaks a descriptor", "[.leak]") { CHECK(::open("/dev/null", O_RDONLY | O_CLOEXEC) > 2); }
TEST_CASE("skips", "[.skip]") { SKIP("to be seen skipping"); }

TEST_CASE("main: leaks fail, skips are counted", "[main]") {
  const auto run = [](const char* tests, const char* require) {
    return in_child([tests, require] {
      ::setenv("BPFLINK_REQUIRE_KERNEL", require, 1);
      ::execl("/proc/self/exe", "self", tests, nullptr);
    });
  };
  const child_result leak = run("[.leak]", "0");
  CHECK(leak.exit_status == 1);
  CHECK_THAT(leak.output, contains("-> /dev/null"));
  CHECK_THAT(leak.output, contains("0 passed, 1 failed, 0 skipped"));

  const child_result skip = run("[.skip]", "0");
  CHECK(skip.exit_status == 77);
  CHECK_THAT(skip.output, contains("skipped: skips: to be seen skipping"));
  CHECK_THAT(skip.output, contains("0 passed, 0 failed, 1 skipped"));

  CHECK(run("[.skip]", "1").exit_status == 1);
}

TEST_CASE("alloc_counter: counts this thread's allocations", "[alloc]") {
  const auto none = allocations([] {});
  if (!none) {
    SUCCEED("a sanitizer has the allocator");
    return;
  }
  CHECK(none == 0);
  // Volatile, or the compiler leaves the pair out.
  void* volatile kept = nullptr;
  CHECK(allocations([&kept] { kept = ::operator new(100); }) == 1);
  CHECK(allocations([&kept] { kept = std::realloc(kept, 200); }) == 1);
  ::operator delete(kept);
}

TEST_CASE("vmlinux_btf: agrees with the numbers that the tests use", "[btf]") {
  SKIP_IF(needs_vmlinux_btf());
  const vmlinux_btf& btf = vmlinux_btf::get();
  CHECK(btf.value_of("BPF_MAP_CREATE") == command::map_create);
  CHECK(btf.value_of("BPF_TASK_FD_QUERY") == command::task_fd_query);
  if (at_least(5, 9)) CHECK(btf.value_of("BPF_LINK_CREATE") == command::link_create);
  if (at_least(5, 9)) CHECK(btf.value_of("BPF_LINK_DETACH") == command::link_detach);
  CHECK(btf.value_of("BPF_PROG_TYPE_CGROUP_SOCKOPT") == prog_type::cgroup_sockopt);
  CHECK(btf.value_of("BPF_CGROUP_SETSOCKOPT") == attach_type::cgroup_setsockopt);
  if (at_least(6, 7)) {
    CHECK(btf.value_of("BPF_PROG_TYPE_NETFILTER") == prog_type::netfilter);
    CHECK(btf.value_of("BPF_NETKIT_PEER") == attach_type::netkit_peer);
    CHECK(btf.value_of("BPF_LINK_TYPE_NETKIT") == link_type::netkit);
  }
  CHECK(btf.value_of("BPF_MAP_TYPE_SOCKHASH") == map_type::sockhash);
  CHECK(btf.value_of("BPF_NO_SUCH_ENUMERATOR") == std::nullopt);

  const auto commands = btf.enumerators("bpf_cmd");
  REQUIRE(commands.size() > 20);
  CHECK(commands[5].name == "BPF_PROG_LOAD");
  CHECK(commands[5].value == 5);
  CHECK(btf.enumerators("no_such_enum").empty());
}

TEST_CASE("vmlinux_btf: finds members by their paths", "[btf]") {
  SKIP_IF(needs_vmlinux_btf());
  const vmlinux_btf& btf = vmlinux_btf::get();
  CHECK(btf.size_of("nlmsghdr") == 16);
  CHECK(btf.size_of("__u64") == 8);
  CHECK(btf.size_of("no_such_struct") == std::nullopt);
  if (at_least(5, 8)) CHECK(btf.function("bpf_prog_select_runtime").has_value());

  const auto check = [&btf](const char* type, const char* path, std::uint32_t offset, std::uint32_t size) {
    INFO(type << "." << path);
    const auto member = btf.find_member(type, path);
    REQUIRE(member.has_value());
    CHECK(member->offset() == offset);
    CHECK(member->size() == size);
  };
  check("bpf_attr", "prog_type", 0, 4);
  check("bpf_attr", "prog_name", 48, 16);
  check("bpf_attr", "expected_attach_type", 68, 4);
  check("bpf_attr", "query.prog_ids", 16, 8);
  check("bpf_prog_info", "run_cnt", 200, 8);
  if (at_least(5, 10)) check("bpf_attr", "attach_prog_fd", 112, 4);
  if (at_least(6, 6)) check("bpf_attr", "link_create.tcx.relative_fd", 16, 4);
  if (at_least(6, 6)) check("bpf_attr", "link_create.tcx.expected_revision", 24, 8);
  if (at_least(6, 6)) CHECK(btf.size_of("bpf_link_info") == 64);
  CHECK_FALSE(btf.find_member("bpf_attr", "query.no_such_member").has_value());

  const auto flag = btf.find_member("bpf_prog_info", "gpl_compatible");
  REQUIRE(flag.has_value());
  CHECK(flag->bit_size == 1);
}

TEST_CASE("raw_bpf: a refused program says why", "[bpf]") {
  SKIP_IF(needs_root());
  const program_request bad = {.code = assembler().exit().done()};  // r0 is not set
  CHECK(try_load(bad).error() == EACCES);
  CHECK_THROWS_WITH(load(bad), contains("R0 !read_ok"));
  const fd good = load({.name = "support_good"});
  CHECK(info_of_program(good.get()).name == "support_good");
  CHECK(info_of_program(good.get()).type == prog_type::socket_filter);
  CHECK(by_id(command::prog_get_fd_by_id, program_id(good.get())));
}
