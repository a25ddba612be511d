// SPDX-License-Identifier: MIT
// Why an operation on a link, or on a pin, failed: each cause made to happen.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/raw_tracepoint.hpp"
#include "bpflink/attach/xdp.hpp"
#include "errors.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/child.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

test::fd filter(const std::string& name) {
  return test::load({.type = of::cgroup_skb,
                     .code = test::return_value(1),
                     .expected_attach_type = at::cgroup_inet_egress,
                     .name = name});
}

struct link_errors : error_table {
  link_errors() {
    call(cgroup.path(), "CGROUP");
    call(pins.path(), "PINS");
    call(directory.path(), "DIRECTORY");
  }
  test::cgroup_fixture cgroup;
  test::bpffs_fixture pins;
  test::directory_fixture directory;
  test::fd first = filter("first");
  test::fd second = filter("second");
  expected<cgroup_link> link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(first)});
};

std::string needs_links() {
  if (auto reason = test::needs_cgroup2(); !reason.empty()) return reason;
  return test::needs_kernel(5, 9, "links with all that can be done to them");
}

}  // namespace

TEST_CASE("errors: update, detach and close of a link", "[errors]") {
  SKIP_IF(needs_links());
  link_errors table;
  REQUIRE(sentence(table.link) == "");
  auto& link = *table.link;
  const std::string update = "update cgroup link with id N: ";

  table.row(link.update(program_ref{fd_ref{}}),
            {errc::bad_handle, cause::empty_handle, 0, "update cgroup link: the program handle is empty"});
  table.row(link.update(program_ref{fd_ref{9999}}),
            {errc::bad_handle, cause::closed_descriptor, EBADF,
             update + "the program's descriptor N is closed (BPF_LINK_UPDATE: EBADF)"});
  table.row(link.update(program_ref{link.fd()}),
            {errc::wrong_type, cause::not_a_program, EINVAL,
             update + "the program's descriptor is that of a link (BPF_LINK_UPDATE: EINVAL)"});
  const auto drop = test::load({.type = of::xdp, .name = "drop"});
  table.row(link.update(borrow(drop)),
            {errc::wrong_type, cause::wrong_program_type, EINVAL,
             update + "program 'drop' (id N) is of type xdp, this hook takes cgroup_skb (BPF_LINK_UPDATE: EINVAL)"});
  table.row(link.update(borrow(table.second), program_ref{link.fd()}),
            {errc::wrong_type, cause::not_a_program, EINVAL,
             update + "the expected old program's descriptor is that of a link (BPF_LINK_UPDATE: EINVAL)"});
  table.row(link.update(borrow(table.second), program_ref{fd_ref{9999}}),
            {errc::bad_handle, cause::closed_descriptor, EBADF,
             update + "the expected old program's descriptor N is closed (BPF_LINK_UPDATE: EBADF)"});
  table.row(link.update(borrow(table.second), borrow(table.second)),
            {errc::conflict, cause::other_program, EPERM,
             update + "program 'first' (id N) is attached, not the expected program 'second' (id N) (BPF_LINK_UPDATE: "
                      "EPERM)"});
  REQUIRE(sentence(link.detach()) == "");
  table.row(link.update(borrow(table.second)),
            {errc::defunct, cause::target_gone, ENOLINK,
             update + "the link's target is gone, or the link was detached; attach anew (BPF_LINK_UPDATE: ENOLINK)"});
  REQUIRE(sentence(link.close()) == "");
  table.row(link.close(), {errc::bad_handle, cause::empty_handle, 0, "close cgroup link: the link handle is empty"});
  table.row(link.detach(), {errc::bad_handle, cause::empty_handle, 0, "detach cgroup link: the link handle is empty"});
  table.row(link.info(),
            {errc::bad_handle, cause::empty_handle, 0, "ask for information on cgroup link: the link handle is empty"});
}

// At a hook whose programs are none of attach type 0: a link does not tell its hook when it is closed.
TEST_CASE("errors: a link whose descriptor somebody closed", "[errors]") {
  SKIP_IF(needs_links());
  const error_table table;
  const test::cgroup_fixture cgroup;
  const auto load = [] {
    return test::load({.type = of::cgroup_sock_addr,
                       .code = test::return_value(1),
                       .expected_attach_type = test::attach_type::cgroup_inet4_connect});
  };
  const auto first = load();
  const auto second = load();
  auto link = attach(
      cgroup_options{.cgroup = fd_ref{cgroup.get()}, .hook = cgroup_hook::inet4_connect, .program = borrow(first)});
  REQUIRE(sentence(link) == "");
  REQUIRE(::close(link->fd().get()) == 0);
  table.row(link->update(borrow(second)), {errc::bad_handle, cause::closed_descriptor, EBADF,
                                           "update cgroup link: the link's descriptor N is closed (BPF_LINK_UPDATE: "
                                           "EBADF)"});
}

TEST_CASE("errors: what a kind of link has not got", "[errors]") {
  SKIP_IF(needs_links());
  link_errors table;
  const auto program = test::load({.type = of::raw_tracepoint});
  auto link = attach(raw_tracepoint_options{.name = "task_newtask", .program = borrow(program)});
  REQUIRE(sentence(link) == "");
  link_handle handle = *std::move(link);
  table.row(handle.update(borrow(program)), {errc::not_supported, cause::no_such_operation, 0,
                                             "update raw tracepoint link: links of this kind have no such operation"});
  table.row(handle.detach(), {errc::not_supported, cause::no_such_operation, 0,
                              "detach raw tracepoint link: links of this kind have no such operation"});
}

TEST_CASE("errors: a link's id and descriptor", "[errors]") {
  SKIP_IF(needs_links());
  link_errors table;
  REQUIRE(sentence(table.link) == "");
  const auto id = link_id{test::info_of_link(table.link->fd().get()).id()};
  table.row(link_handle::from_id(link_id{0x7ffffff0}),
            {errc::not_found, cause::no_such_id, ENOENT,
             "open link with id N: no link has this id (BPF_LINK_GET_FD_BY_ID: ENOENT)"});
  table.row(xdp_link::from_id(id),
            {errc::wrong_type, cause::wrong_link_type, 0, "open xdp link with id N: its kind is cgroup, not xdp"});
  table.row(program::from_id(program_id{0x7ffffff0}),
            {errc::not_found, cause::no_such_id, ENOENT,
             "open program with id N: no program has this id (BPF_PROG_GET_FD_BY_ID: ENOENT)"});

  // What is refused is closed.
  const auto adopted = [&](int descriptor, const std::string& words, bpflink::cause why) {
    const int number = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    table.row(link_handle::adopt(unique_fd::adopt(number)), {errc::wrong_type, why, 0, "adopt link: " + words});
    CHECK(::fcntl(number, F_GETFD) == -1);
  };
  const auto map = test::counter_map();
  const auto file = test::open_file("/dev/null", O_RDONLY);
  adopted(table.first.get(), "it is a program, not a link", cause::not_a_link);
  adopted(map.get(), "it is a map, not a link", cause::not_a_link);
  adopted(file.get(), "it is no BPF object, not a link", cause::not_a_link);
  table.row(link_handle::adopt(unique_fd{}),
            {errc::bad_handle, cause::empty_handle, 0, "adopt link: the descriptor handle is empty"});
  table.row(link_handle::adopt(unique_fd::adopt(9999)),
            {errc::bad_handle, cause::closed_descriptor, 0, "adopt link: the descriptor is closed"});
  table.row(program::adopt(unique_fd::adopt(::fcntl(map.get(), F_DUPFD_CLOEXEC, 3))),
            {errc::wrong_type, cause::not_a_program, 0, "adopt program: it is a map, not a program"});
  table.row(program_ref{fd_ref{map.get()}}.info(),
            {errc::wrong_type, cause::not_a_program, 0, "ask for information on program: it is a map, not a program"});
}

TEST_CASE("errors: pins", "[errors]") {
  SKIP_IF(needs_links());
  link_errors table;
  REQUIRE(sentence(table.link) == "");
  auto& link = *table.link;
  const auto pin = table.pins / "pin";
  const std::string to = "pin cgroup link at ";
  REQUIRE(sentence(link.pin(pin)) == "");

  table.row(link.pin(pin), {errc::already_exists, cause::path_in_use, EEXIST,
                            to + "PINS/pin: something stands at this path already (BPF_OBJ_PIN: EEXIST)"});
  table.row(link.pin(table.pins / "a.b"),
            {errc::invalid_argument, cause::bad_pin_name, EPERM,
             to + "PINS/a.b: the name 'a.b' has a dot, which the BPF file system does not take (BPF_OBJ_PIN: EPERM)"});
  table.row(link.pin(table.directory / "pin"),
            {errc::invalid_argument, cause::not_bpffs, EPERM,
             to + "DIRECTORY/pin: DIRECTORY is not in a BPF file system; pin below /sys/fs/bpf, or mount one: mount -t "
                  "bpf bpf DIRECTORY (BPF_OBJ_PIN: EPERM)"});
  table.row(link.pin(table.pins / "none/pin"),
            {errc::not_found, cause::no_such_path, ENOENT,
             to + "PINS/none/pin: the directory PINS/none does not exist; make it (BPF_OBJ_PIN: ENOENT)"});
  table.row(link.pin(pin + "/pin"), {errc::not_found, cause::no_such_path, ENOTDIR,
                                     to + "PINS/pin/pin: PINS/pin is no directory (BPF_OBJ_PIN: ENOTDIR)"});
  table.row(link.unpin(table.pins / "none"),
            {errc::not_found, cause::no_such_path, ENOENT,
             "unpin cgroup link from PINS/none: nothing is pinned there (unlink: ENOENT)"});
  table.row(link.move_pin(pin, table.pins / "none/pin"),
            {errc::not_found, cause::no_such_path, ENOENT,
             "move pin of cgroup link to PINS/none/pin: the directory PINS/none does not exist; make it (renameat2: "
             "ENOENT)"});
  table.row(link.move_pin(pin, table.directory / "pin"),
            {errc::invalid_argument, cause::not_bpffs, EXDEV,
             "move pin of cgroup link to DIRECTORY/pin: DIRECTORY is not in a BPF file system; pin below /sys/fs/bpf, "
             "or mount one: mount -t bpf bpf DIRECTORY (renameat2: EXDEV)"});

  const std::string at_pin = "open link at PINS/";
  table.row(
      link_handle::open_pinned(table.pins / "none"),
      {errc::not_found, cause::no_such_path, ENOENT, at_pin + "none: nothing is pinned there (BPF_OBJ_GET: ENOENT)"});
  table.row(link_handle::open_pinned(table.pins.path()),
            {errc::wrong_type, cause::not_bpffs, EACCES,
             "open link at PINS: it is no pin of a BPF object (BPF_OBJ_GET: EACCES)"});
  REQUIRE(test::obj_pin(table.first.get(), table.pins / "program") == 0);
  table.row(link_handle::open_pinned(table.pins / "program"),
            {errc::wrong_type, cause::not_a_link, 0, at_pin + "program: it is a program, not a link"});
  table.row(program::open_pinned(pin),
            {errc::wrong_type, cause::not_a_program, 0, "open program at PINS/pin: it is a link, not a program"});
  table.row(xdp_link::open_pinned(pin),
            {errc::wrong_type, cause::wrong_link_type, 0, "open xdp link at PINS/pin: its kind is cgroup, not xdp"});
}

TEST_CASE("errors: links that belong to somebody else", "[errors]") {
  SKIP_IF(needs_links());
  SKIP_IF(test::needs_kernel(5, 19, "bpf(2) for users"));
  link_errors table;
  REQUIRE(sentence(table.link) == "");
  const auto pin = table.pins / "pin";
  REQUIRE(sentence(table.link->pin(pin)) == "");
  const auto id = link_id{test::info_of_link(table.link->fd().get()).id()};
  const auto result = test::in_child([&] {
    test::become_nobody();
    const auto line = [&](const auto& refused) { return table.plain(refused.error().message()); };
    test::expect_equal(line(link_handle::from_id(id)),
                       "open link with id N: CAP_SYS_ADMIN is missing (BPF_LINK_GET_FD_BY_ID: EPERM)");
    test::expect_equal(line(program::from_id(program_id{1})),
                       "open program with id N: CAP_SYS_ADMIN is missing (BPF_PROG_GET_FD_BY_ID: EPERM)");
    test::expect_equal(line(link_handle::open_pinned(pin)),
                       "open link at PINS/pin: the file's mode forbids it (BPF_OBJ_GET: EACCES)");
    test::expect_equal(line(table.link->pin(table.pins / "mine")),
                       "pin cgroup link at PINS/mine: the directory's mode forbids it (BPF_OBJ_PIN: EACCES)");
    test::expect_equal(line(table.link->unpin(pin)),
                       "unpin cgroup link from PINS/pin: the directory's mode forbids it (unlink: EACCES)");
    // Whoever holds the descriptors may do the rest.
    test::expect_equal(sentence(table.link->update(borrow(table.second))), "");
    test::expect_equal(sentence(table.link->info()), "");
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
