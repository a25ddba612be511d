// SPDX-License-Identifier: MIT
#include "bpflink/load.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "load_programs.hpp"
#include "support/alloc_counter.hpp"
#include "support/btf_blob.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/child.hpp"
#include "support/privileges.hpp"
#include "support/raw_bpf.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/traffic.hpp"

namespace bpflink {

namespace {

using test::contains;

constexpr std::size_t attr_kern_version = 40;
constexpr std::size_t attr_name = 48;

// A program that the verifier refuses after so many instructions.
test::instructions refused_after(std::size_t count) {
  auto code = test::assembler().load(test::width::u64, test::r0, test::r1, 32000).exit().done();
  code.insert(code.begin(), count, test::return_value(0).front());
  return code;
}

bool is_load(const test::observed_call& call) {
  return call.number == SYS_bpf && call.command() == test::command::prog_load;
}

void answer_uname(const test::observed_call& call, const char* release, const char* version) {
  struct ::utsname names {};
  std::strncpy(names.release, release, sizeof names.release - 1);
  std::strncpy(names.version, version, sizeof names.version - 1);
  std::memcpy(reinterpret_cast<void*>(call.arguments[0]), &names, sizeof names);
}

}  // namespace

TEST_CASE("load: a loaded program runs, and is what was asked for", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(4, 17, "expected attach types"));
  const auto counter = test::counter_map();
  const auto code = test::count_and_return(counter.get(), 1);
  auto program = program::load({.type = program_type::cgroup_skb,
                                .instructions = code,
                                .license = "GPL",
                                .name = "counts.egress_1",
                                .expected_attach_type = attach_type::cgroup_inet_egress,
                                .strict_alignment = true});
  REQUIRE(sentence(program) == "");
  const auto info = program->info();
  REQUIRE(sentence(info) == "");
  CHECK(info->type == program_type::cgroup_skb);
  CHECK(info->name.view() == (test::at_least(5, 2) ? "counts.egress_1" : ""));
  CHECK(info->gpl_compatible == test::at_least(4, 18));

  test::cgroup_fixture cgroup;
  const auto link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = *program});
  REQUIRE(sentence(link) == "");
  cgroup.enter([] { CHECK(test::udp_send(test::family::ipv4) == 0); });
  CHECK(test::counter(counter.get()) >= 1);
}

TEST_CASE("load: no licence is given where none is", "[load]") {
  SKIP_IF(test::needs_root());
  const auto program = program::load(simple(program_type::socket_filter));
  REQUIRE(sentence(program) == "");
  CHECK_FALSE(program->info()->gpl_compatible);
}

TEST_CASE("load: one system call, and nothing of the heap", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([] {
          test::syscall_supervisor supervisor;
          const auto calls =
              supervisor.record_calls([] { static_cast<void>(program::load(simple(program_type::xdp))); });
          test::expect_equal(test::names(calls), "bpf(5) close");
        }).failure() == "");
  const auto allocations = test::allocations([] { static_cast<void>(program::load(simple(program_type::xdp))); });
  CHECK(allocations.value_or(0) == 0);
}

TEST_CASE("load: the verifier's words are in the error", "[load]") {
  SKIP_IF(test::needs_root());
  const auto code = refused_after(0);
  const auto refused = program::load({.type = program_type::xdp, .instructions = code, .name = "reads_beyond"});
  REQUIRE_FALSE(refused);
  CHECK(verdict_of(refused) == "rejected/verifier/EACCES");
  CHECK(refused.error().operation() == operation::prog_load);
  CHECK_THAT(sentence(refused), contains("load xdp program 'reads_beyond': the verifier refused it; its last words: "));
  CHECK_THAT(std::string{refused.error().hint()}, contains("invalid bpf_context access off=32000 size=8"));
  CHECK_THAT(std::string{refused.error().log()}, contains("invalid bpf_context access off=32000 size=8"));
  CHECK(sentence(refused).find('\n') == std::string::npos);
}

TEST_CASE("load: a long log is whole", "[load]") {
  SKIP_IF(test::needs_root());
  // More than the first buffer holds, and with 40,000 more than the second; before 5.2 a program has 4,096.
  for (const std::size_t count : {4'000U, 40'000U}) {
    if (count > 4'096 && !test::at_least(5, 2)) continue;
    CAPTURE(count);
    const auto code = refused_after(count);
    const auto refused = program::load({.type = program_type::xdp, .instructions = code});
    REQUIRE_FALSE(refused);
    CHECK(verdict_of(refused) == "rejected/verifier/EACCES");
    const auto log = std::string{refused.error().log()};
    CHECK(log.size() > count * 15);
    CHECK_THAT(log.substr(0, 200), contains("0: (b7) r0 = 0"));
    CHECK_THAT(log.substr(log.size() - 400), contains("invalid bpf_context access off=32000 size=8"));
  }
}

TEST_CASE("load: a closed map in the program is the verifier's to tell", "[load]") {
  SKIP_IF(test::needs_root());
  const auto code = test::count_and_return(1023, 0);
  const auto refused = program::load({.type = program_type::xdp, .instructions = code});
  CHECK(verdict_of(refused) == "rejected/verifier/EBADF");
  CHECK_THAT(sentence(refused), contains("fd 1023 is not pointing to valid bpf_map"));
}

TEST_CASE("load: what cannot be is refused without a system call", "[load]") {
  const auto refused =
      program::load({.type = program_type::xdp, .instructions = return_zero, .name = "sixteen_bytes_1x"});
  CHECK(verdict_of(refused) == "invalid_argument/bad_option/");
  CHECK(refused.error().operation() == operation::none);
  CHECK(sentence(refused) == "load xdp program 'sixteen_bytes_1x': the name has 16 bytes; the kernel takes 15");
}

TEST_CASE("load: too many instructions", "[load]") {
  SKIP_IF(test::needs_root());
  const test::instructions code(1'000'001, return_zero.front());
  const auto refused = program::load({.type = program_type::xdp, .instructions = code});
  CHECK(verdict_of(refused) == "limit/too_many/E2BIG");
  CHECK_THAT(sentence(refused),
             contains(test::at_least(5, 2) ? "the program has 1000001 instructions; this kernel takes 1000000"
                                           : "the program has 1000001 instructions; this kernel takes 4096"));
}

TEST_CASE("load: a program with BTF of its own", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 6, "global functions in BTF"));
  test::btf_blob blob;
  const auto function = blob.add_function("entry");
  const auto bytes = blob.bytes();
  const auto btf = test::must(test::fd{test::attribute()
                                           .put_pointer(0, bytes.data())
                                           .put(16, static_cast<std::uint32_t>(bytes.size()))
                                           .call(test::command::btf_load, 28)},
                              "load BTF");
  const std::array<function_info, 1> functions{function_info{.instruction = 0, .type = function}};
  auto options = simple(program_type::xdp);
  options.btf = fd_ref{btf.get()};
  options.functions = functions;
  const auto program = program::load(options);
  REQUIRE(sentence(program) == "");
  CHECK(program->info()->btf.has_value());

  const auto wrong = test::open_file("/dev/null", 0);
  options.btf = fd_ref{wrong.get()};
  CHECK(verdict_of(program::load(options)) == "wrong_type/bad_option/EINVAL");
  options.btf = fd_ref{1023};
  const auto closed = program::load(options);
  CHECK(verdict_of(closed) == "bad_handle/closed_descriptor/EBADF");
  CHECK_THAT(sentence(closed), contains("the descriptor 1023 of the program's BTF is closed"));
}

TEST_CASE("load: a load that a signal interrupts is repeated, not for ever", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([] {
          test::syscall_supervisor supervisor{{SYS_bpf}};
          int loads = 0;
          int interrupted = 3;
          const auto handler = [&](const test::observed_call& call) {
            if (!is_load(call)) return test::verdict::proceed();
            ++loads;
            return loads <= interrupted ? test::verdict::fail(EAGAIN) : test::verdict::proceed();
          };
          supervisor.with_handler(handler, [] {
            const auto program = program::load(simple(program_type::xdp));
            test::expect_equal(sentence(program), "");
          });
          test::expect_equal(loads, 4, "loads");

          interrupted = 1'000'000;
          supervisor.with_handler(handler, [] {
            const auto program = program::load(simple(program_type::xdp));
            test::expect_equal(verdict_of(program), "system/unknown/EAGAIN");
            test::expect_equal(sentence(program),
                               "load xdp program: signals interrupted the verifier again and again; block them while "
                               "loading (BPF_PROG_LOAD: EAGAIN)");
          });
          test::expect(loads < 100, "it goes on and on");
        }).failure() == "");
}

TEST_CASE("load: kprobe programs on a kernel before 5.0 bring its version", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([] {
          test::syscall_supervisor supervisor{{SYS_bpf, SYS_uname}};
          constexpr std::uint32_t version = (4U << 16U) + (19U << 8U) + 255U;
          int refused = 0;
          const auto handler = [&](const test::observed_call& call) {
            if (call.number == SYS_uname) {
              answer_uname(call, "4.19.0-27-amd64", "#1 SMP Debian 4.19.316-1 (2024-06-25)");
              return test::verdict::give(0);
            }
            if (!is_load(call) || call.at(attr_kern_version) == version) return test::verdict::proceed();
            ++refused;
            return test::verdict::fail(EINVAL);
          };
          supervisor.with_handler(handler, [&] {
            test::expect_equal(sentence(program::load(simple(program_type::kprobe))), "");
            test::expect_equal(refused, 1, "refused loads");
            // It is known from now on.
            test::expect_equal(sentence(program::load(simple(program_type::kprobe))), "");
            test::expect_equal(refused, 1, "refused loads");
          });
        }).failure() == "");
}

TEST_CASE("load: a kernel before 4.15 gets the program without its name", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(4, 15, "program names"));
  for (const int error : {EINVAL, E2BIG}) {
    CHECK(test::in_child([error] {
            test::syscall_supervisor supervisor{{SYS_bpf, SYS_uname}};
            const auto handler = [error](const test::observed_call& call) {
              if (call.number == SYS_uname) {
                answer_uname(call, "4.14.3", "#1 SMP");
                return test::verdict::give(0);
              }
              return is_load(call) && call.at(attr_name) != 0 ? test::verdict::fail(error) : test::verdict::proceed();
            };
            supervisor.with_handler(handler, [] {
              auto options = simple(program_type::xdp);
              options.name = "named";
              const auto program = program::load(options);
              test::expect_equal(sentence(program), "");
              test::expect_equal(std::string{program->info()->name.view()}, "");
            });
          }).failure() == "");
  }
}

TEST_CASE("load: RLIMIT_MEMLOCK is raised to what it may be", "[load]") {
  CHECK(test::in_child([] {
          struct ::rlimit before {};
          test::expect_equal(::getrlimit(RLIMIT_MEMLOCK, &before), 0);
          struct ::rlimit low = before;
          low.rlim_cur = 65536;
          test::expect_equal(::setrlimit(RLIMIT_MEMLOCK, &low), 0);

          const auto raised = raise_memory_lock_limit();
          struct ::rlimit after {};
          test::expect_equal(::getrlimit(RLIMIT_MEMLOCK, &after), 0);
          if (raised) {
            test::expect(after.rlim_cur == RLIM_INFINITY, "it is not unlimited");
          } else {
            test::expect(before.rlim_max != RLIM_INFINITY, "the hard limit was no obstacle");
            test::expect(after.rlim_cur == before.rlim_max, "the hard limit is not used in full");
            test::expect_equal(verdict_of(raised), "permission_denied/missing_capability/EPERM");
            test::expect(sentence(raised).starts_with("raise RLIMIT_MEMLOCK: CAP_SYS_RESOURCE is missing; "),
                         sentence(raised));
          }
        }).failure() == "");
}

}  // namespace bpflink
