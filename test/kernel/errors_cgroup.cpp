// SPDX-License-Identifier: MIT
// Why a program was not attached to a cgroup: each cause made to happen.
#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "errors.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/child.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

test::fd load(std::uint32_t type, std::uint32_t where, const std::string& name) {
  return test::load({.type = type, .code = test::return_value(1), .expected_attach_type = where, .name = name});
}

test::fd filter(const std::string& name) { return load(of::cgroup_skb, at::cgroup_inet_egress, name); }

expected<cgroup_link> attach_egress(cgroup_target cgroup, program_ref program) {
  return attach(cgroup_options{.cgroup = cgroup, .hook = cgroup_hook::inet_egress, .program = program});
}

struct cgroup_errors : error_table {
  cgroup_errors() { call(cgroup.path(), "CGROUP"); }
  test::cgroup_fixture cgroup;
  test::fd ours = filter("ours");

  expected<cgroup_link> to(cgroup_target target) const { return attach_egress(target, borrow(ours)); }
  expected<cgroup_link> of_program(int descriptor) const {
    return attach_egress(cgroup.path(), program_ref{fd_ref{descriptor}});
  }
};

}  // namespace

TEST_CASE("errors: a cgroup's program", "[errors]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 7, "links"));
  cgroup_errors table;
  const std::string doing = "attach cgroup inet_egress to CGROUP: ";

  table.row(table.of_program(-1), {errc::bad_handle, cause::empty_handle, 0, doing + "the program handle is empty"});
  table.row(table.of_program(9999), {errc::bad_handle, cause::closed_descriptor, EBADF,
                                     doing + "the program's descriptor N is closed (BPF_LINK_CREATE: EBADF)"});
  const auto link = attach_egress(table.cgroup.path(), borrow(table.ours));
  REQUIRE(sentence(link) == "");
  table.row(table.of_program(link->fd().get()),
            {errc::wrong_type, cause::not_a_program, EINVAL,
             doing + "the program's descriptor is that of a link (BPF_LINK_CREATE: EINVAL)"});
  const auto map = test::counter_map();
  table.row(table.of_program(map.get()),
            {errc::wrong_type, cause::not_a_program, EINVAL,
             doing + "the program's descriptor is that of a map (BPF_LINK_CREATE: EINVAL)"});
  const auto file = test::open_file("/dev/null", O_RDONLY);
  table.row(table.of_program(file.get()),
            {errc::wrong_type, cause::not_a_program, EINVAL,
             doing + "the program's descriptor is not that of a program (BPF_LINK_CREATE: EINVAL)"});
  const auto drop = test::load({.type = of::xdp, .name = "drop"});
  table.row(table.of_program(drop.get()),
            {errc::wrong_type, cause::wrong_program_type, EINVAL,
             doing + "program 'drop' (id N) is of type xdp, this hook takes cgroup_skb (BPF_LINK_CREATE: EINVAL)"});
  const auto connect = load(of::cgroup_sock_addr, at::cgroup_inet4_connect, "connect");
  table.row(
      attach(
          cgroup_options{.cgroup = table.cgroup.path(), .hook = cgroup_hook::inet6_bind, .program = borrow(connect)}),
      {errc::wrong_type, cause::wrong_expected_attach_type, EINVAL,
       "attach cgroup inet6_bind to CGROUP: program 'connect' (id N) was loaded for cgroup_inet4_connect, not for "
       "cgroup_inet6_bind; load it with the expected attach type cgroup_inet6_bind (BPF_LINK_CREATE: EINVAL)"});
  // Packet filters serve both directions, whichever they were loaded for.
  CHECK(sentence(attach(cgroup_options{
            .cgroup = table.cgroup.path(), .hook = cgroup_hook::inet_ingress, .program = borrow(table.ours)})) == "");
}

TEST_CASE("errors: a cgroup that is none", "[errors]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 7, "links"));
  cgroup_errors table;
  const test::directory_fixture directory;
  table.call(directory.path(), "DIRECTORY");
  REQUIRE(test::fd(::open((directory / "file").c_str(), O_CREAT | O_CLOEXEC, 0600)));

  table.row(table.to(""),
            {errc::bad_handle, cause::empty_handle, 0, "attach cgroup inet_egress: the cgroup handle is empty"});
  table.row(table.to(directory / "missing"),
            {errc::not_found, cause::no_such_path, ENOENT,
             "attach cgroup inet_egress to DIRECTORY/missing: no such cgroup (open: ENOENT)"});
  table.row(table.to(directory / "file"),
            {errc::invalid_argument, cause::not_a_cgroup, ENOTDIR,
             "attach cgroup inet_egress to DIRECTORY/file: it is no directory, and so no cgroup (open: ENOTDIR)"});
  table.row(table.to(directory.path()),
            {errc::invalid_argument, cause::not_a_cgroup, EBADF,
             "attach cgroup inet_egress to DIRECTORY: it is no cgroup v2 directory (BPF_LINK_CREATE: EBADF)"});
  if (const auto old = test::cgroup1_directory(); !old.empty()) {
    table.row(table.to(old), {errc::invalid_argument, cause::not_a_cgroup, EBADF,
                              "attach cgroup inet_egress to " + old +
                                  ": it is a cgroup of version 1; use its like below the cgroup2 mount (see "
                                  "/proc/mounts) (BPF_LINK_CREATE: EBADF)"});
  }
  const std::string by_descriptor = "attach cgroup inet_egress to descriptor N: ";
  table.row(table.to(fd_ref{9999}), {errc::bad_handle, cause::closed_descriptor, EBADF,
                                     by_descriptor + "the cgroup's descriptor is closed (BPF_LINK_CREATE: EBADF)"});
  for (const auto& path :
       {std::string{"/dev/null"}, std::string{"/proc/self/ns/net"}, table.cgroup.path() + "/cgroup.procs"}) {
    INFO(path);
    const auto file = test::must(test::open_file(path, O_RDONLY), "opening " + path);
    table.row(table.to(fd_ref{file.get()}), {errc::invalid_argument, cause::not_a_cgroup, EBADF,
                                             by_descriptor + "it is no cgroup v2 directory (BPF_LINK_CREATE: EBADF)"});
  }
  table.cgroup.remove();
  table.row(table.to(fd_ref{table.cgroup.get()}), {errc::defunct, cause::target_gone, ENOENT,
                                                   by_descriptor + "the cgroup was removed (BPF_LINK_CREATE: ENOENT)"});
}

TEST_CASE("errors: a cgroup's hook that takes no more", "[errors]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 7, "links"));
  cgroup_errors table;
  const auto child = table.cgroup.child("a");
  const auto theirs = filter("theirs");
  const auto occupy = [&](std::uint32_t flags, const test::fd& program) {
    REQUIRE(test::prog_attach({table.cgroup.get(), program.get(), at::cgroup_inet_egress, flags}) == 0);
  };
  occupy(0, theirs);
  for (const auto* const where : {"CGROUP", "CGROUP/a"}) {
    table.row(table.to(where == std::string{"CGROUP"} ? table.cgroup.path() : child),
              {errc::permission_denied, cause::parent_forbids, EPERM,
               std::string{"attach cgroup inet_egress to "} + where +
                   ": program 'theirs' (id N) is attached to CGROUP in a mode that allows no other; its owner has to "
                   "attach it with BPF_F_ALLOW_MULTI, or as a link (BPF_LINK_CREATE: EPERM)"});
  }
  REQUIRE(test::prog_detach(table.cgroup.get(), theirs.get(), at::cgroup_inet_egress) == 0);

  std::vector<test::fd> all;
  for (int n = 0; n < 64; ++n) {
    all.push_back(filter("filter"));
    occupy(test::flag::allow_multi, all.back());
  }
  table.row(table.to(table.cgroup.path()),
            {errc::limit, cause::too_many, E2BIG,
             "attach cgroup inet_egress to CGROUP: 64 programs, the most there can be, are attached at this hook "
             "(BPF_LINK_CREATE: E2BIG)"});
}

TEST_CASE("errors: a cgroup that a user may not attach to", "[errors]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 19, "bpf(2) for users"));
  cgroup_errors table;
  const test::directory_fixture directory;
  table.call(directory.path(), "DIRECTORY");
  const auto result = test::in_child([&] {
    test::expect(::chmod(directory.path().c_str(), 0700) == 0);
    test::become_nobody();
    const auto line = [&](const expected<cgroup_link>& refused, errc code, bpflink::cause why) {
      test::expect(!refused && refused.error() == code, "the code");
      test::expect_equal(std::string{to_string(refused.error().cause())}, std::string{to_string(why)}, "the cause");
      return table.plain(refused.error().message());
    };
    test::expect_equal(line(table.to(table.cgroup.path()), errc::permission_denied, cause::missing_capability),
                       "attach cgroup inet_egress to CGROUP: CAP_NET_ADMIN is missing (CAP_SYS_ADMIN would do as well) "
                       "(BPF_LINK_CREATE: EPERM)");
    test::expect_equal(line(table.to(directory / "a"), errc::permission_denied, cause::file_permission),
                       "attach cgroup inet_egress to DIRECTORY/a: the mode of a directory forbids to open it (open: "
                       "EACCES)");
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
