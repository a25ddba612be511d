// SPDX-License-Identifier: MIT
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "load_programs.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/constants.hpp"
#include "support/privileges.hpp"
#include "support/raw_bpf.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

using test::contains;

constexpr int net_admin = 12;
constexpr int perfmon = 38;
constexpr int bpf = 39;

// Gives up every capability but these. For children.
void keep_capabilities(const std::vector<int>& kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (const auto capability : kept) {
    const auto number = static_cast<std::uint32_t>(capability);
    data[number / 32].effective |= 1U << (number % 32);
    data[number / 32].permitted |= 1U << (number % 32);
  }
  test::expect_equal(::syscall(SYS_capset, &header, data), 0, "capset");
}

// What the load answers a process with these capabilities.
std::string answered_with(const std::vector<int>& kept, const program_options& options) {
  const auto result = test::in_child([&] {
    keep_capabilities(kept);
    const auto program = program::load(options);
    test::expect(false, program ? "loaded" : verdict_of(program) + " " + sentence(program));
  });
  return result.output;
}

// Whether this kernel, asked by hand, loads a program of two instructions.
bool kernel_loads(std::uint32_t type, std::uint32_t expected_attach_type) {
  return static_cast<bool>(
      test::try_load({.type = type, .code = return_zero, .expected_attach_type = expected_attach_type}));
}

struct kernel_row {
  program_type type;
  attach_type where;
  unsigned release;
  unsigned minor;
};

// Who lives in a chroot can make none.
std::string needs_user_namespaces() {
  const auto made = test::in_child([] { test::expect_equal(::unshare(CLONE_NEWUSER), 0, "unshare"); });
  return made ? "" : "needs user namespaces, which cannot be made here";
}

}  // namespace

TEST_CASE("load: a type that this kernel has not got", "[load]") {
  SKIP_IF(test::needs_root());
  const auto unknown = program::load(simple(static_cast<program_type>(1000)));
  CHECK(verdict_of(unknown) == "not_supported/missing_feature/EINVAL");
  CHECK(sentence(unknown) ==
        "load program of type 1000: this kernel has no programs of type 1000 (BPF_PROG_LOAD: EINVAL)");

  for (const auto& [type, where, release, minor] : {
           kernel_row{program_type::cgroup_sysctl, {}, 5, 2},
           kernel_row{program_type::cgroup_sockopt, attach_type::cgroup_getsockopt, 5, 3},
           kernel_row{program_type::sk_lookup, attach_type::sk_lookup, 5, 9},
           kernel_row{program_type::netfilter, attach_type::netfilter, 6, 4},
       }) {
    CAPTURE(to_string(type));
    auto options = simple(type);
    options.expected_attach_type = where;
    const auto program = program::load(options);
    if (test::at_least(release, minor)) {
      CHECK(sentence(program) == "");
      continue;
    }
    CHECK(verdict_of(program) == "not_supported/missing_feature/EINVAL");
    CHECK_THAT(sentence(program),
               contains("this kernel has no " + std::string{to_string(type)} + " programs, which came with Linux " +
                        std::to_string(release) + "." + std::to_string(minor)));
  }
}

TEST_CASE("load: a type that this kernel was built without", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(4, 18, "lirc_mode2 programs"));
  const auto program = program::load(simple(program_type::lirc_mode2));
  if (kernel_loads(test::prog_type::lirc_mode2, 0)) {
    CHECK(sentence(program) == "");
  } else {
    CHECK(verdict_of(program) == "not_supported/missing_configuration/EINVAL");
    CHECK_THAT(sentence(program), contains("this kernel was built without lirc_mode2 programs"));
  }
}

TEST_CASE("load: an expected attach type that is missing, wrong or new", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(4, 17, "expected attach types"));
  auto options = simple(program_type::cgroup_sock_addr);
  const auto missing = program::load(options);
  CHECK(verdict_of(missing) == "invalid_argument/wrong_expected_attach_type/EINVAL");
  CHECK_THAT(sentence(missing),
             contains("cgroup_sock_addr programs are loaded for one attach type, and none is given; set "
                      "expected_attach_type to one of many, such as cgroup_inet4_bind, "));

  options.expected_attach_type = attach_type::xdp;
  const auto wrong = program::load(options);
  CHECK(verdict_of(wrong) == "invalid_argument/wrong_expected_attach_type/EINVAL");
  CHECK_THAT(sentence(wrong), contains("xdp is no attach type of cgroup_sock_addr programs; set "));

  options.expected_attach_type = attach_type::cgroup_unix_connect;
  const auto fresh = program::load(options);
  if (test::at_least(6, 7)) {
    CHECK(sentence(fresh) == "");
  } else {
    CHECK(verdict_of(fresh) == "not_supported/missing_feature/EINVAL");
    CHECK_THAT(sentence(fresh), contains("this kernel has cgroup_sock_addr programs, but not for cgroup_unix_connect"));
  }
}

TEST_CASE("load: a flag that this kernel does not know", "[load]") {
  SKIP_IF(test::needs_root());
  auto options = simple(program_type::xdp);
  options.xdp_fragments = true;
  const auto program = program::load(options);
  if (test::at_least(5, 18)) {
    CHECK(sentence(program) == "");
  } else {
    CHECK(verdict_of(program) == "not_supported/missing_feature/EINVAL");
    CHECK_THAT(sentence(program), contains("BPF_F_XDP_HAS_FRAGS), which came with Linux 5.18"));
  }
}

TEST_CASE("load: the missing capability is named", "[load]") {
  SKIP_IF(test::needs_root());
  const auto socket_filter = simple(program_type::socket_filter);
  const auto xdp = simple(program_type::xdp);
  const auto raw_tracepoint = simple(program_type::raw_tracepoint);
  const std::string denied = "permission_denied/missing_capability/EPERM load ";
  if (!test::at_least(5, 8)) {
    CHECK_THAT(answered_with({net_admin}, xdp),
               contains(denied + "xdp program: CAP_SYS_ADMIN is missing (BPF_PROG_LOAD: EPERM)"));
    return;
  }
  CHECK_THAT(answered_with({bpf}, socket_filter), contains("loaded"));
  CHECK_THAT(answered_with({bpf, net_admin}, xdp), contains("loaded"));
  CHECK_THAT(answered_with({bpf, perfmon}, raw_tracepoint), contains("loaded"));
  CHECK_THAT(answered_with({bpf, perfmon}, xdp), contains(denied + "xdp program: CAP_NET_ADMIN is missing"));
  CHECK_THAT(answered_with({bpf, net_admin}, raw_tracepoint),
             contains(denied + "raw_tracepoint program: CAP_PERFMON is missing"));
  CHECK_THAT(answered_with({}, xdp), contains(denied + "xdp program: CAP_BPF and CAP_NET_ADMIN are missing"));
  const auto nobody = answered_with({}, socket_filter);
  if (test::read_file("/proc/sys/kernel/unprivileged_bpf_disabled").front() == '0') {
    CHECK_THAT(nobody, contains("loaded"));
  } else {
    CHECK_THAT(nobody, contains(denied + "socket_filter program: CAP_BPF is missing"));
  }
}

TEST_CASE("load: capabilities of a user namespace do not do", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "CAP_BPF"));
  SKIP_IF(needs_user_namespaces());
  CHECK(test::in_child([] {
          test::expect_equal(::unshare(CLONE_NEWUSER), 0, "unshare");
          const auto program = program::load(simple(program_type::xdp));
          test::expect_equal(verdict_of(program), "permission_denied/missing_capability/EPERM");
          test::expect(sentence(program).find("user namespace") != std::string::npos, sentence(program));
        }).failure() == "");
}

TEST_CASE("load: what the kernel refuses to everybody is told so", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  // A policy that lets nobody load anything.
  CHECK(test::in_child([] {
          test::refuse_bpf({test::command::prog_load}, EPERM);
          const auto program = program::load(simple(program_type::xdp));
          test::expect_equal(verdict_of(program), "permission_denied/kernel_policy/EPERM");
          test::expect(sentence(program).find("a seccomp filter, a security module or lockdown") != std::string::npos,
                       sentence(program));
        }).failure() == "");
}

TEST_CASE("load: programs that run by a trampoline, where the kernel refuses them and where not", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "BPF LSM"));
  const auto& btf = test::vmlinux_btf::get();
  for (const auto& [type, where, name, function] :
       std::vector<std::tuple<program_type, attach_type, std::string, std::string>>{
           {program_type::tracing, attach_type::trace_fentry, "vfs_read", "vfs_read"},
           {program_type::tracing, attach_type::trace_fexit, "vfs_read", "vfs_read"},
           {program_type::lsm, attach_type::lsm_mac, "file_open", "bpf_lsm_file_open"},
       }) {
    CAPTURE(name, to_string(where));
    auto options = tracing_program(where, load_target::name(name));
    options.type = type;
    const auto raw = test::try_load({.type = static_cast<std::uint32_t>(type),
                                     .code = return_zero,
                                     .expected_attach_type = static_cast<std::uint32_t>(where),
                                     .attach_btf_id = btf.function(function).value_or(0)});
    const auto program = program::load(options);
    if (raw) {
      CHECK(sentence(program) == "");
      continue;
    }
    REQUIRE(raw.error() == EPERM);
    CHECK(verdict_of(program) == "permission_denied/kernel_policy/EPERM");
    CHECK_THAT(sentence(program), contains("other programs load, but this kernel refuses " +
                                           std::string{to_string(type)} + " programs that run by a trampoline"));
  }
}

TEST_CASE("load: before 5.11 the limit of locked memory is named", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([] {
          struct ::rlimit limit {};
          test::expect_equal(::getrlimit(RLIMIT_MEMLOCK, &limit), 0);
          limit.rlim_cur = 65536;
          test::expect_equal(::setrlimit(RLIMIT_MEMLOCK, &limit), 0);
          test::syscall_supervisor supervisor{{SYS_bpf, SYS_uname}};
          const char* release = "5.10.0-30-amd64";
          const auto handler = [&](const test::observed_call& call) {
            if (call.number == SYS_uname) {
              struct ::utsname names {};
              std::strncpy(names.release, release, sizeof names.release - 1);
              std::memcpy(reinterpret_cast<void*>(call.arguments[0]), &names, sizeof names);
              return test::verdict::give(0);
            }
            const bool charged =
                call.command() == test::command::prog_load || call.command() == test::command::map_create;
            return charged ? test::verdict::fail(EPERM) : test::verdict::proceed();
          };
          supervisor.with_handler(handler, [] {
            const auto program = program::load(simple(program_type::xdp));
            test::expect_equal(verdict_of(program), "permission_denied/memory_lock_limit/EPERM");
            test::expect_equal(
                sentence(program),
                "load xdp program: RLIMIT_MEMLOCK is 64 KiB, and before Linux 5.11 programs and maps count "
                "against it; call raise_memory_lock_limit(), or raise it with ulimit -l (BPF_PROG_LOAD: "
                "EPERM)");
          });
          release = "5.11.0";
          supervisor.with_handler(handler, [] {
            test::expect_equal(verdict_of(program::load(simple(program_type::xdp))),
                               "permission_denied/kernel_policy/EPERM");
          });
        }).failure() == "");
}

}  // namespace bpflink
