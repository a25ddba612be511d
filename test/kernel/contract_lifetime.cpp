// SPDX-License-Identifier: MIT
// Who holds a link, and until when.
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "bpflink/info.hpp"
#include "contract.hpp"
#include "support/child.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace contract {

unique_fd second_descriptor(fd_ref link) { return unique_fd::adopt(::fcntl(link.get(), F_DUPFD_CLOEXEC, 3)); }

namespace {

void check_pins(const any_case& kind) {
  const test::bpffs_fixture directory;
  const auto first = directory / "first";
  const auto second = directory / "second";
  const auto program = kind.load();
  auto link = attached(kind, program);
  const auto id = id_of(link.fd());
  const auto pinned = [id](const std::string& path) {
    const auto opened = test::obj_get(path);
    return opened && test::info_of_link(opened.get()).id() == id;
  };

  REQUIRE(sentence(link.pin(first)) == "");
  CHECK(pinned(first));
  const auto again = link.pin(first);
  REQUIRE_FALSE(again);
  CHECK(again.error() == errc::already_exists);
  CHECK(again.error().cause() == cause::path_in_use);
  CHECK(sentence(link.move_pin(first, second)) == "");
  CHECK_FALSE(test::path_exists(first));
  CHECK(pinned(second));

  // The pin alone holds it.
  CHECK(sentence(link.close()) == "");
  CHECK_FALSE(link);
  CHECK(test::link_exists(id));
  auto reopened = link_handle::open_pinned(second);
  REQUIRE(sentence(reopened) == "");
  CHECK(reopened->type() == kind.type);
  CHECK(reopened->mechanism() == mechanism::link);
  CHECK(id_of(reopened->fd()) == id);
  CHECK(reopened->fd().get() > 2);
  CHECK((::fcntl(reopened->fd().get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(reopened->can_update() == capabilities_of(kind.type).update);
  CHECK(reopened->can_update_map() == capabilities_of(kind.type).update_map);
  CHECK(runs(kind, program, *reopened) > 0);
  CHECK(sentence(reopened->unpin(second)) == "");
  CHECK(test::list_directory(directory.path()) == "");
  const auto gone = reopened->unpin(second);
  REQUIRE_FALSE(gone);
  CHECK(gone.error() == errc::not_found);
  CHECK(runs(kind, program, *reopened) > 0);
  // The pin is gone, and so it is pinned anew.
  CHECK(sentence(reopened->move_pin(first, second)) == "");
  CHECK(pinned(second));
  CHECK(sentence(reopened->unpin(second)) == "");
  CHECK(sentence(reopened->close()) == "");
  CHECK(test::link_ends(id));
  CHECK(runs(kind, program, *reopened) == 0);
}

void check_openers(const any_case& kind) {
  const auto program = kind.load();
  auto link = attached(kind, program);
  const auto id = id_of(link.fd());
  auto by_id = link_handle::from_id(link_id{id});
  REQUIRE(sentence(by_id) == "");
  CHECK(by_id->type() == kind.type);
  CHECK(id_of(by_id->fd()) == id);
  CHECK(by_id->fd().get() > 2);
  CHECK((::fcntl(by_id->fd().get(), F_GETFD) & FD_CLOEXEC) != 0);

  auto second = second_descriptor(link.fd());
  const int number = second.get();
  auto adopted = link_handle::adopt(std::move(second));
  REQUIRE(sentence(adopted) == "");
  CHECK(adopted->type() == kind.type);
  CHECK(adopted->fd().get() == number);
  CHECK(id_of(adopted->fd()) == id);

  // Each of the three holds it.
  CHECK(sentence(link.close()) == "");
  CHECK(sentence(by_id->close()) == "");
  CHECK(runs(kind, program, *adopted) > 0);
  CHECK(test::link_exists(id));
  CHECK(sentence(adopted->close()) == "");
  CHECK(test::link_ends(id));
}

// What lifetime.md says of children that fork(2) made.
void check_forked(const any_case& kind) {
  const auto program = kind.load();
  auto link = attached(kind, program);
  const auto id = id_of(link.fd());
  CHECK(test::in_child([&] { test::expect(link.close().has_value()); }).failure() == "");
  CHECK(test::link_exists(id));
  CHECK(runs(kind, program, link) > 0);
  CHECK(sentence(link.close()) == "");
  CHECK(test::link_ends(id));
}

// 0 means "no argument" in the kernel's attributes, and what is printed must not go into a link.
void check_low_descriptors(const any_case& kind) {
  const auto program = kind.load();
  const auto link = attached(kind, program);
  const auto result = test::in_child([&] {
    for (const int low : {0, 1, 2}) {
      const test::fd kept(::fcntl(low, F_DUPFD_CLOEXEC, 10));
      test::expect(::dup2(link.fd().get(), low) == low);
      auto adopted = link_handle::adopt(unique_fd::adopt(low));
      const auto what = sentence(adopted);
      const bool closed = ::fcntl(low, F_GETFD) < 0;
      ::dup2(kept.get(), low);
      test::expect_equal(what, "");
      test::expect(closed, "the low number is closed");
      test::expect(adopted->fd().get() > 2, "the descriptor is above the standard streams");
      test::expect((::fcntl(adopted->fd().get(), F_GETFD) & FD_CLOEXEC) != 0, "it is closed on exec");
      test::expect_equal(id_of(adopted->fd()), id_of(link.fd()));
    }
    // What the library opens where they are free is moved as well.
    const test::fd kept(::fcntl(2, F_DUPFD_CLOEXEC, 10));
    const int numbers[] = {0, 1, 2};
    for (const int number : numbers) ::close(number);
    auto opened = link_handle::from_id(link_id{id_of(link.fd())});
    bool all_free = true;
    for (const int number : numbers) all_free = all_free && ::fcntl(number, F_GETFD) < 0;
    for (const int number : numbers) ::dup2(kept.get(), number);
    test::expect_equal(sentence(opened), "");
    test::expect(opened->fd().get() > 2, "what is opened is above the standard streams");
    test::expect(all_free, "and nothing stays at their numbers");
  });
  CHECK(result.failure() == "");
}

// A handle that holds nothing says so, and asks the kernel nothing.
void check_closed(const any_case& kind) {
  const auto program = kind.load();
  auto link = attached(kind, program);
  const auto id = id_of(link.fd());
  CHECK(sentence(link.close()) == "");
  CHECK_FALSE(link);
  CHECK(test::link_ends(id));
  CHECK(runs(kind, program, link) == 0);
  CHECK(link.mechanism() == mechanism::none);
  CHECK_FALSE(link.can_update());
  CHECK_FALSE(link.can_update_map());
  CHECK_FALSE(link.can_detach());
  CHECK_FALSE(link.can_pin());
  CHECK(link.fd().get() == -1);
  CHECK_FALSE(std::move(link).release());
  if (!test::supervisor_available()) return;
  const auto result = test::in_child([&] {
    test::syscall_supervisor supervisor;
    std::vector<bpf_error> errors;
    errors.reserve(16);
    const auto calls = supervisor.record_calls([&] {
      errors.push_back(link.update(borrow(program)).error());
      errors.push_back(link.update(borrow(program), borrow(program)).error());
      errors.push_back(link.update(map_ref{ref(program)}).error());
      errors.push_back(link.update(map_ref{ref(program)}, map_ref{ref(program)}).error());
      errors.push_back(link.detach().error());
      errors.push_back(link.pin("/nowhere").error());
      errors.push_back(link.move_pin("/nowhere", "/else").error());
      errors.push_back(link.unpin("/nowhere").error());
      errors.push_back(link.info().error());
      errors.push_back(link.close().error());
      errors.push_back(link_handle::adopt(unique_fd{}).error());
    });
    test::expect_equal(test::names(calls), "", "system calls");
    for (const auto& error : errors) {
      test::expect(error == errc::bad_handle && error.cause() == cause::empty_handle, error.message());
      test::expect(error.operation() == operation::none && error.sys_errno() == 0, error.message());
    }
  });
  CHECK(result.failure() == "");
}

void check_ownership(const any_case& kind) {
  const auto program = kind.load();
  const auto other = kind.load();
  auto link = attached(kind, program);
  const auto id = id_of(link.fd());

  // Moved away, the number is the same; nothing is closed.
  link_handle moved = std::move(link);
  CHECK(id_of(moved.fd()) == id);
  auto& itself = moved;
  moved = std::move(itself);
  CHECK(id_of(moved.fd()) == id);
  std::vector<link_handle> all;
  all.push_back(std::move(moved));
  all.emplace_back();
  CHECK(id_of(all.front().fd()) == id);
  CHECK(runs(kind, program, all.front()) > 0);

  // Given up: the number holds it, the handle does not.
  auto descriptor = std::move(all.front()).release();
  all.clear();
  REQUIRE(descriptor);
  CHECK(test::link_exists(id));
  auto adopted = link_handle::adopt(std::move(descriptor));
  REQUIRE(sentence(adopted) == "");

  // Assigned over, and destroyed: the kernel lets go.
  if (kind.one_at_a_time) {
    if (!detachable(kind)) return;
    CHECK(sentence(adopted->detach()) == "");
  }
  auto second = attached(kind, other);
  const auto second_id = id_of(second.fd());
  *adopted = std::move(second);
  CHECK(test::link_ends(id));
  CHECK(runs(kind, program, *adopted) == 0);
  CHECK(id_of(adopted->fd()) == second_id);
  { const link_handle last = *std::move(adopted); }
  CHECK(test::link_ends(second_id));
}

void check_lost_target(const any_case& kind) {
  const auto program = kind.load();
  const auto next = kind.load();
  auto link = attached(kind, program);
  const auto id = id_of(link.fd());
  kind.lose_target();
  if (kind.tells_defunct) {
    CHECK(test::eventually([&] { return link.info()->defunct() == true; }));
  }
  const auto info = link.info();
  REQUIRE(sentence(info) == "");
  CHECK(info->id == link_id{id});
  if (updatable(kind)) {
    const auto refused = update(kind, link, ref(next));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::defunct);
    CHECK(refused.error().cause() == cause::target_gone);
    CHECK(refused.error().sys_errno() == ENOLINK);
  }
  if (detachable(kind)) CHECK(sentence(link.detach()) == "");
  CHECK(sentence(link.close()) == "");
  CHECK(test::link_ends(id));
}

}  // namespace

void check_lifetime(const any_case& kind) {
  check_pins(kind);
  check_openers(kind);
  check_forked(kind);
  check_low_descriptors(kind);
  check_closed(kind);
  check_ownership(kind);
  if (kind.lose_target) check_lost_target(kind);
}

}  // namespace contract

}  // namespace bpflink
