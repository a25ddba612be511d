// SPDX-License-Identifier: MIT
// Pins: where they can be, where not and why, and what is refused on opening.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/raw_tracepoint.hpp"
#include "bpflink/link.hpp"
#include "helpers.hpp"
#include "refusals.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/child.hpp"
#include "support/constants.hpp"
#include "support/fd.hpp"
#include "support/privileges.hpp"
#include "support/raw_bpf.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/traffic.hpp"

namespace bpflink {

namespace {

using test::contains;

// A link on a cgroup of its own, and the means to see it work.
struct pinnable {
  test::cgroup_fixture cgroup;
  test::counted_program program = load_egress("pinned");
  expected<cgroup_link> link =
      attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(program)});

  // How often the program runs for one datagram sent from the cgroup.
  std::uint64_t runs() {
    const auto before = program.runs();
    cgroup.enter([] { static_cast<void>(test::udp_send(test::family::ipv4)); });
    return program.runs() - before;
  }
};

}  // namespace

TEST_CASE("pins: a pinned link outlives its handle, moves, and goes with its last name", "[pins]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 7, "links, which can be pinned"));
  pinnable held;
  const test::bpffs_fixture pins;
  REQUIRE(sentence(held.link) == "");
  const auto first = pins / "first";
  const auto second = pins / "second";

  REQUIRE(sentence(held.link->pin(first)) == "");
  CHECK(test::path_exists(first));
  REQUIRE(sentence(held.link->close()) == "");
  CHECK(held.runs() == 1);

  {
    auto reopened = cgroup_link::open_pinned(first);
    REQUIRE(sentence(reopened) == "");
    CHECK(sentence(reopened->move_pin(first, second)) == "");
    CHECK_FALSE(test::path_exists(first));
    CHECK(test::path_exists(second));
  }
  CHECK(held.runs() == 1);
  auto last = link_handle::open_pinned(second);
  REQUIRE(sentence(last) == "");
  CHECK(last->type() == (test::at_least(5, 8) ? link_type::cgroup : last->type()));
  CHECK(sentence(last->unpin(second)) == "");
  CHECK(held.runs() == 1);
  CHECK(sentence(last->close()) == "");
  CHECK(held.runs() == 0);
}

TEST_CASE("pins: several names for one link", "[pins]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 7, "links, which can be pinned"));
  pinnable held;
  const test::bpffs_fixture pins;
  REQUIRE(sentence(held.link) == "");
  REQUIRE(sentence(held.link->pin(pins / "one")) == "");
  REQUIRE(sentence(held.link->pin(pins / "two")) == "");
  CHECK(sentence(held.link->unpin(pins / "one")) == "");
  CHECK(sentence(held.link->close()) == "");
  CHECK(held.runs() == 1);
  // The kernel drops the last pin's reference after a grace period.
  CHECK(::unlink((pins / "two").c_str()) == 0);
  CHECK(test::eventually([&held] { return held.runs() == 0; }));
}

TEST_CASE("pins: a pin removed behind our back is made anew at the new path", "[pins]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 7, "links, which can be pinned"));
  pinnable held;
  const test::bpffs_fixture pins;
  REQUIRE(sentence(held.link) == "");
  REQUIRE(sentence(held.link->pin(pins / "old")) == "");
  REQUIRE(::unlink((pins / "old").c_str()) == 0);
  CHECK(sentence(held.link->move_pin(pins / "old", pins / "new")) == "");
  CHECK(sentence(held.link->close()) == "");
  CHECK(held.runs() == 1);
}

TEST_CASE("pins: each wrong place has its own cause", "[pins]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 7, "links, which can be pinned"));
  const pinnable held;
  const test::bpffs_fixture pins;
  const test::directory_fixture plain;
  REQUIRE(sentence(held.link) == "");
  REQUIRE(sentence(held.link->pin(pins / "taken")) == "");
  const auto pinned_at = [&](const std::string& path) { return held.link->pin(path); };

  check_refused(
      pinned_at(pins / "taken"), errc::already_exists, cause::path_in_use, EEXIST,
      "pin cgroup link at " + (pins / "taken") + ": something stands at this path already (BPF_OBJ_PIN: EEXIST)");
  check_refused(pinned_at(pins / "none/link"), errc::not_found, cause::no_such_path, ENOENT,
                "the directory " + (pins / "none") + " does not exist");
  check_refused(pinned_at(pins / "a.link"), errc::invalid_argument, cause::bad_pin_name, EPERM,
                "the name 'a.link' has a dot");
  for (const auto& nameless : {std::string{}, pins / "x/"}) {
    check_refused(pinned_at(nameless), errc::invalid_argument, cause::bad_pin_name, ENOENT,
                  "the path has no name at its end");
  }
  check_refused(pinned_at(plain / "link"), errc::invalid_argument, cause::not_bpffs, EPERM,
                plain.path() + " is not in a BPF file system; pin below /sys/fs/bpf");
  check_refused(pinned_at(pins / "taken/link"), errc::not_found, cause::no_such_path, ENOTDIR,
                (pins / "taken") + " is no directory");

  const auto moved = [&](const std::string& to) { return held.link->move_pin(pins / "taken", to); };
  check_refused(moved(pins / "none/link"), errc::not_found, cause::no_such_path, ENOENT, "does not exist");
  check_refused(moved(pins / "a.link"), errc::invalid_argument, cause::bad_pin_name, EPERM, "has a dot");
  check_refused(moved(plain / "link"), errc::invalid_argument, cause::not_bpffs, EXDEV, "is not in a BPF file system");
  REQUIRE(sentence(held.link->pin(pins / "second")) == "");
  check_refused(moved(pins / "second"), errc::already_exists, cause::path_in_use, EEXIST,
                "something stands at this path already (renameat2: EEXIST)");
  check_refused(held.link->unpin(pins / "nothing"), errc::not_found, cause::no_such_path, ENOENT,
                "nothing is pinned there (unlink: ENOENT)");
  REQUIRE(::mkdir((pins / "directory").c_str(), 0700) == 0);
  check_refused(held.link->unpin(pins / "directory"), errc::wrong_type, cause::not_bpffs, EISDIR,
                "it is a directory, and no pin (unlink: EISDIR)");
  CHECK(sentence(held.link->unpin(pins / "taken")) == "");
  CHECK(sentence(held.link->unpin(pins / "second")) == "");
}

TEST_CASE("pins: what is no link is refused on opening, and nothing stays open", "[pins]") {
  SKIP_IF(test::needs_root());
  const test::bpffs_fixture pins;
  const test::directory_fixture plain;
  const auto program = load_egress("pinned");
  const auto map = test::counter_map();
  REQUIRE(test::obj_pin(program.get(), (pins / "program").c_str()) == 0);
  REQUIRE(test::obj_pin(map.get(), (pins / "map").c_str()) == 0);
  REQUIRE(test::fd{::open((plain / "file").c_str(), O_CREAT | O_CLOEXEC, 0644)});
  const auto opened = [&](const std::string& path) { return link_handle::open_pinned(path); };

  const auto before = test::open_descriptors();
  check_refused(opened(pins / "program"), errc::wrong_type, cause::not_a_link, 0, "it is a program, not a link");
  check_refused(cgroup_link::open_pinned(pins / "program"), errc::wrong_type, cause::not_a_link, 0,
                "open cgroup link at " + (pins / "program") + ": it is a program, not a link");
  check_refused(opened(pins / "map"), errc::wrong_type, cause::not_a_link, 0, "it is a map, not a link");
  check_refused(program::open_pinned(pins / "map"), errc::wrong_type, cause::not_a_program, 0,
                "it is a map, not a program");
  check_refused(opened(pins / "nothing"), errc::not_found, cause::no_such_path, ENOENT, "nothing is pinned there");
  check_refused(opened(plain / "file"), errc::wrong_type, cause::not_bpffs, EACCES, "it is no pin of a BPF object");
  check_refused(opened(pins.path()), errc::wrong_type, cause::not_bpffs, EACCES, "it is no pin of a BPF object");

  // A descriptor that is none of a link's is closed with the refusal.
  const auto adopted = [](const test::fd& object) {
    return link_handle::adopt(unique_fd::adopt(::fcntl(object.get(), F_DUPFD_CLOEXEC, 3)));
  };
  check_refused(adopted(program.program), errc::wrong_type, cause::not_a_link, 0, "it is a program, not a link");
  check_refused(adopted(map), errc::wrong_type, cause::not_a_link, 0, "it is a map, not a link");
  check_refused(link_handle::adopt(unique_fd::adopt(1000)), errc::bad_handle, cause::closed_descriptor, 0,
                "the descriptor is closed");
  check_refused(link_handle::adopt(unique_fd{}), errc::bad_handle, cause::empty_handle, 0, "handle is empty");
  CHECK(test::leaked(before, test::open_descriptors()) == "");
}

TEST_CASE("pins: a link of another kind is refused, and stays attached", "[pins]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "information on links"));
  const test::bpffs_fixture pins;
  const auto program = test::load_counted(test::prog_type::raw_tracepoint, 0, 0, "other");
  auto link = attach(raw_tracepoint_options{.name = "sys_enter", .program = borrow(program)});
  REQUIRE(sentence(link) == "");
  REQUIRE(sentence(link->pin(pins / "link")) == "");
  check_refused(cgroup_link::open_pinned(pins / "link"), errc::wrong_type, cause::wrong_link_type, 0,
                "its kind is raw_tracepoint, not cgroup");
  CHECK(sentence(raw_tracepoint_link::open_pinned(pins / "link")) == "");
}

TEST_CASE("pins: a file's mode is told", "[pins]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 7, "links, which can be pinned"));
  const pinnable held;
  const test::bpffs_fixture pins;
  REQUIRE(sentence(held.link) == "");
  REQUIRE(sentence(held.link->pin(pins / "link")) == "");
  REQUIRE(::chmod((pins / "link").c_str(), 0600) == 0);
  CHECK(test::in_child([&] {
          test::expect_equal(::setuid(65534), 0);
          const auto opened = link_handle::open_pinned(pins / "link");
          test::expect(!opened && opened.error() == errc::permission_denied, "opening is denied");
          const auto pinned = held.link->pin(pins / "other");
          test::expect(!pinned && pinned.error() == errc::permission_denied, "pinning is denied");
        }).failure() == "");
}

TEST_CASE("pins: programs are pinned and opened by the same rules", "[pins]") {
  SKIP_IF(test::needs_root());
  const test::bpffs_fixture pins;
  const auto loaded = load_egress("pinned");
  auto owner = program::adopt(unique_fd::adopt(::fcntl(loaded.get(), F_DUPFD_CLOEXEC, 3)));
  REQUIRE(sentence(owner) == "");
  REQUIRE(sentence(owner->pin(pins / "program")) == "");
  check_refused(owner->pin(pins / "program"), errc::already_exists, cause::path_in_use, EEXIST, "pin program at ");
  check_refused(owner->pin(pins / "a.b"), errc::invalid_argument, cause::bad_pin_name, EPERM, "has a dot");
  const auto reopened = program::open_pinned(pins / "program");
  REQUIRE(sentence(reopened) == "");
  CHECK(reopened->info()->id == owner->info()->id);
  const auto by_id = program::from_id(reopened->info()->id);
  REQUIRE(sentence(by_id) == "");
  CHECK(by_id->info()->name == "pinned");
  check_refused(program::from_id(program_id{0x7ffffff0}), errc::not_found, cause::no_such_id, ENOENT,
                "no program has this id");
}

TEST_CASE("pins: pin and unpin are one call each, opening at most three", "[pins]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 7, "links"));
  SKIP_IF(test::needs_supervisor());
  const pinnable held;
  const test::bpffs_fixture pins;
  REQUIRE(sentence(held.link) == "");
  const auto path = pins / "link";
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor;
          test::expect_equal(test::names(supervisor.record_calls([&] { static_cast<void>(held.link->pin(path)); })),
                             std::string{"bpf(6)"});
          const auto opened = supervisor.record_calls([&] { static_cast<void>(cgroup_link::open_pinned(path)); });
          test::expect_equal(static_cast<int>(opened.size()), 4);
          test::expect(opened[3].number == SYS_close, test::names(opened));
          const auto removed = supervisor.record_calls([&] { static_cast<void>(held.link->unpin(path)); });
          test::expect_equal(static_cast<int>(removed.size()), 1);
        }).failure() == "");
}

}  // namespace bpflink
