// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "netns_programs.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/mount_namespace.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;
using test::contains;

expected<netns_link> attach_at(netns_target target, netns_hook hook, program_ref program) {
  return attach(netns_options{.netns = target, .hook = hook, .program = program});
}

// What fits nowhere here.
test::fd load_misfit() { return test::load({.type = of::xdp, .code = test::return_value(2), .name = "misfit"}); }

}  // namespace

TEST_CASE("netns: what is empty, or no hook at all, is refused without a system call", "[netns]") {
  SKIP_IF(test::needs_root());
  const auto program = load_misfit();
  const auto refused = [&](netns_target target, netns_hook hook, program_ref which) {
    return attach_at(target, hook, which);
  };
  const unique_fd empty;
  check_refused(refused(netns_target::current(), netns_hook::sk_lookup, empty), errc::bad_handle, cause::empty_handle,
                0, "the program handle is empty");
  check_refused(refused(empty, netns_hook::sk_lookup, borrow(program)), errc::bad_handle, cause::empty_handle, 0,
                "the network namespace handle is empty");
  check_refused(refused("", netns_hook::sk_lookup, borrow(program)), errc::bad_handle, cause::empty_handle, 0,
                "the network namespace handle is empty");
  check_refused(refused(netns_target::current(), netns_hook{}, borrow(program)), errc::invalid_argument,
                cause::bad_option, 0, "no such hook");
}

TEST_CASE("netns: a target that is no network namespace is told for what it is", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const auto program = load_lookup();
  const auto refused = [&](netns_target target) { return attach_at(target, netns_hook::sk_lookup, borrow(program)); };
  const auto not_one = [&](netns_target target, const std::string& words) {
    check_refused(refused(target), errc::invalid_argument, cause::not_a_network_namespace, EINVAL, words);
  };

  not_one("/dev/null", "to /dev/null: it is no namespace");
  not_one("/proc/self/ns/mnt", "it is a mount namespace, not a network namespace");
  not_one("/proc/self/ns/user", "it is a user namespace");
  not_one("/proc/self", "it is no namespace");
  not_one(fd_ref{program.get()}, "it is no namespace");
  if (const auto cgroups = test::cgroup2_mount(); !cgroups.empty()) {
    not_one(cgroups, "it is no namespace");
  }

  const auto path_only = test::open_file("/proc/self/ns/net", O_PATH | O_CLOEXEC);
  check_refused(refused(fd_ref{path_only.get()}), errc::invalid_argument, cause::not_a_network_namespace, EBADF,
                "only names its file (O_PATH)");
  check_refused(refused(fd_ref{9999}), errc::bad_handle, cause::closed_descriptor, EBADF,
                "to descriptor 9999: the namespace's descriptor is closed");
}

TEST_CASE("netns: a path, process or permission that is missing is told", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const auto program = load_lookup();
  const auto refused = [&](netns_target target) { return attach_at(target, netns_hook::sk_lookup, borrow(program)); };
  check_refused(refused("/run/netns/bpflink-none"), errc::not_found, cause::no_such_path, ENOENT, "no such path");
  check_refused(refused("/dev/null/net"), errc::not_found, cause::no_such_path, ENOTDIR, "no directory");
  check_refused(refused(process_id{0x7fffffff}), errc::not_found, cause::no_such_process, ENOENT,
                "to the network namespace of process 2147483647: there is no such process");

  const auto ended = ::fork();
  REQUIRE(ended >= 0);
  if (ended == 0) ::_exit(0);
  siginfo_t how{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(ended), &how, WEXITED | WNOWAIT) == 0);
  check_refused(refused(process_id{static_cast<std::uint32_t>(ended)}), errc::not_found, cause::no_such_process, ENOENT,
                "the process has ended");
  CHECK(::waitpid(ended, nullptr, 0) == ended);

  CHECK(test::in_child([&] {
          test::expect_equal(::setresuid(65534, 65534, 65534), 0);
          const auto link = refused(process_id{1});
          test::expect(!link);
          test::expect_equal(link.error().sys_errno(), EACCES);
          test::expect(link.error() == errc::permission_denied);
          test::expect(link.error().cause() == cause::missing_capability);
          test::expect(link.error().reason().find("CAP_SYS_PTRACE") != std::string_view::npos);
          const auto file = refused("/proc/1/ns/net");
          test::expect(!file);
          test::expect(file.error() == errc::permission_denied && file.error().cause() == cause::file_permission);
        }).failure() == "");
  CHECK(test::in_mount_namespace([&] {
          test::hide("/proc");
          const auto link = refused(process_id{1});
          test::expect(!link);
          test::expect(link.error() == errc::system && link.error().cause() == cause::no_such_path);
          test::expect(link.error().message().find("no /proc is mounted") != std::string_view::npos);
        }).failure() == "");
}

TEST_CASE("netns: a program that does not fit is told, with what the hook takes", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const netns_target here{fd_ref{netns.get()}};
  const auto misfit = load_misfit();
  const auto lookup = load_lookup();
  const auto dissector = load_dissector("dissect");
  const auto wrong = [&](netns_hook hook, program_ref program, const std::string& words) {
    check_refused(attach_at(here, hook, program), errc::wrong_type, cause::wrong_program_type, EINVAL, words);
  };
  wrong(netns_hook::sk_lookup, borrow(misfit), name_of(misfit) + " is of type xdp, this hook takes sk_lookup");
  wrong(netns_hook::sk_lookup, borrow(dissector), "is of type flow_dissector");
  wrong(netns_hook::flow_dissector, borrow(lookup), "this hook takes flow_dissector");

  const auto not_one = [&](int descriptor) {
    return attach_at(here, netns_hook::sk_lookup, program_ref{fd_ref{descriptor}});
  };
  check_refused(not_one(9999), errc::bad_handle, cause::closed_descriptor, EBADF, "descriptor 9999 is closed");
  check_refused(not_one(netns.get()), errc::wrong_type, cause::not_a_program, EINVAL, "not that of a program");
  check_refused(not_one(lookup.counter.get()), errc::wrong_type, cause::not_a_program, EINVAL, "that of a map");
  const auto link = attach_at(here, netns_hook::sk_lookup, borrow(lookup));
  REQUIRE(sentence(link) == "");
  check_refused(not_one(link->fd().get()), errc::wrong_type, cause::not_a_program, EINVAL, "that of a link");
}

TEST_CASE("netns: who holds the flow dissector's place is told", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "links to network namespaces"));
  const test::netns_fixture netns;
  const auto there = load_dissector("there");
  const auto next = load_dissector();
  const auto attach_next = [&] { return attach_at(fd_ref{netns.get()}, netns_hook::flow_dissector, borrow(next)); };
  const auto name = "program 'there' (id " + std::to_string(test::program_id(there.get())) + ")";

  auto link = attach_at(fd_ref{netns.get()}, netns_hook::flow_dissector, borrow(there));
  REQUIRE(sentence(link) == "");
  check_refused(attach_next(), errc::limit, cause::slot_taken, E2BIG,
                name + ", held by the link with id " + std::to_string(link->info()->id.value()) + ",");
  CHECK(sentence(link->close()) == "");

  netns.run([&] { CHECK(test::prog_attach({.program_fd = there.get(), .type = at::flow_dissector}) == 0); });
  check_refused(attach_next(), errc::busy, cause::slot_taken, EEXIST, name + ", attached without a link,");
  netns.run([&] { CHECK(test::prog_detach(0, there.get(), at::flow_dissector) == 0); });
  CHECK(sentence(attach_next()) == "");
}

TEST_CASE("netns: a flow dissector elsewhere that shuts the initial namespace out is told", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "links to network namespaces"));
  // Where this is not the initial namespace, nothing is in the way.
  const test::netns_fixture other;
  const auto there = load_dissector("elsewhere");
  const auto program = load_dissector();
  const auto link = attach_at(fd_ref{other.get()}, netns_hook::flow_dissector, borrow(there));
  REQUIRE(sentence(link) == "");
  const auto refused = attach_at(netns_target::current(), netns_hook::flow_dissector, borrow(program));
  if (refused) SKIP("these tests do not run in the initial network namespace");
  check_refused(refused, errc::busy, cause::slot_taken, EEXIST, "to this network namespace: the initial network");
  CHECK_THAT(std::string{refused.error().hint()}, contains("by the link with id "));
}

TEST_CASE("netns: a 65th sk_lookup program is one too many", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const auto program = load_lookup();
  std::vector<netns_link> links;
  const auto one_more = [&] { return attach_at(fd_ref{netns.get()}, netns_hook::sk_lookup, borrow(program)); };
  for (int count = 0; count < 64; ++count) {
    auto link = one_more();
    REQUIRE(sentence(link) == "");
    links.push_back(*std::move(link));
  }
  check_refused(one_more(), errc::limit, cause::too_many, E2BIG, "64 programs, the most there can be");
  links.pop_back();
  CHECK(sentence(one_more()) == "");
}

TEST_CASE("netns: an update to a program of another type is told", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const auto lookup = load_lookup();
  const auto dissector = load_dissector();
  auto link = attach_at(fd_ref{netns.get()}, netns_hook::sk_lookup, borrow(lookup));
  REQUIRE(sentence(link) == "");
  const auto updated = link->update(borrow(dissector));
  REQUIRE_FALSE(updated);
  CHECK(updated.error() == errc::wrong_type);
  CHECK_THAT(updated.error().message(), contains("is of type flow_dissector, this hook takes sk_lookup"));
}

TEST_CASE("netns: a kernel without the hook is told with the version that has it", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(4, 20, "flow dissectors"));
  if (test::at_least(5, 9)) return;
  const test::netns_fixture netns;
  const auto program = test::load({.type = of::flow_dissector, .code = test::return_value(0)});
  const auto lookup = attach_at(fd_ref{netns.get()}, netns_hook::sk_lookup, borrow(program));
  check_refused(lookup, errc::wrong_type, cause::wrong_program_type, EINVAL, "this hook takes sk_lookup");
}

}  // namespace bpflink
