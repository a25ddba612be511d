// SPDX-License-Identifier: MIT
#include "contract.hpp"

#include <fcntl.h>

#include "bpflink/info.hpp"

namespace bpflink {

namespace contract {

std::uint64_t runs(const any_case& kind, const test::counted_program& program, const link_handle& link) {
  const auto before = program.runs();
  kind.trigger(link.fd().get());
  return program.runs() - before;
}

link_handle attached(const any_case& kind, const test::counted_program& program) {
  auto link = kind.attach(borrow(program));
  REQUIRE(sentence(link) == "");
  return *std::move(link);
}

expected<void> update(const any_case& kind, link_handle& link, fd_ref next) {
  return capabilities_of(kind.type).update_map ? link.update(map_ref{next}) : link.update(program_ref{next});
}

expected<void> update(const any_case& kind, link_handle& link, fd_ref next, fd_ref expected_old) {
  return capabilities_of(kind.type).update_map ? link.update(map_ref{next}, map_ref{expected_old})
                                               : link.update(program_ref{next}, program_ref{expected_old});
}

namespace {

bool has_map(const any_case& kind) { return capabilities_of(kind.type).update_map; }

// The id of the program, or of the map, that the link has.
std::uint32_t attached_to(const any_case& kind, const link_handle& link) {
  constexpr std::size_t map_id_at = 16;
  const auto told = test::info_of_link(link.fd().get());
  return has_map(kind) ? told.at<std::uint32_t>(map_id_at) : told.program();
}
std::uint32_t loaded_id(const any_case& kind, const test::counted_program& program) {
  return has_map(kind) ? test::map_id(program.get()) : test::program_id(program.get());
}

// A program, or a map, that no kind of link takes.
test::fd load_misfit(const any_case& kind) {
  return has_map(kind) ? test::counter_map() : test::load({.type = test::prog_type::sched_act});
}

void check_created(const any_case& kind) {
  const auto program = kind.load();
  const auto link = attached(kind, program);
  CHECK(link);
  CHECK(link.type() == kind.type);
  CHECK(link.mechanism() == mechanism::link);
  CHECK(link.fd().get() > 2);
  CHECK((::fcntl(link.fd().get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(link.can_pin());
  CHECK(link.can_update() == capabilities_of(kind.type).update);
  CHECK(link.can_update_map() == has_map(kind));
  CHECK(link.can_detach() == capabilities_of(kind.type).detach);
  CHECK(runs(kind, program, link) > 0);

  const auto told = test::info_of_link(link.fd().get());
  REQUIRE(told.error == 0);
  CHECK(told.type() == kind.number);
  CHECK(attached_to(kind, link) == loaded_id(kind, program));
  const auto info = link.info();
  REQUIRE(sentence(info) == "");
  CHECK(info->type == kind.type);
  CHECK(info->id == link_id{told.id()});
  if (has_map(kind)) {
    CHECK(info->program == std::nullopt);
    CHECK(std::get<struct_ops_info>(info->details).map == map_id{loaded_id(kind, program)});
  } else {
    CHECK(info->program == program_id{told.program()});
  }
  CHECK(info->defunct().has_value() == kind.tells_defunct);
  CHECK_FALSE(info->defunct().value_or(false));
}

void check_update(const any_case& kind) {
  const auto first = kind.load();
  const auto second = kind.load();
  auto link = attached(kind, first);
  const auto id = id_of(link.fd());
  const auto holds = [&](const test::counted_program& program) {
    CHECK(attached_to(kind, link) == loaded_id(kind, program));
    CHECK(id_of(link.fd()) == id);
  };
  CHECK(sentence(update(kind, link, ref(second))) == "");
  holds(second);
  CHECK(runs(kind, second, link) > 0);
  CHECK(runs(kind, first, link) == 0);
  CHECK(sentence(update(kind, link, ref(second))) == "");
  holds(second);

  const auto conflict = update(kind, link, ref(first), ref(first));
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error() == errc::conflict);
  CHECK(conflict.error().cause() == cause::other_program);
  holds(second);
  CHECK(sentence(update(kind, link, ref(first), ref(second))) == "");
  holds(first);

  const auto not_one = has_map(kind) ? cause::not_a_map : cause::not_a_program;
  const auto misfit = load_misfit(kind);
  const auto wrong_type = update(kind, link, fd_ref{misfit.get()});
  REQUIRE_FALSE(wrong_type);
  CHECK(wrong_type.error() == errc::wrong_type);
  CHECK(wrong_type.error().cause() == (has_map(kind) ? cause::wrong_map_type : cause::wrong_program_type));
  const auto no_program = update(kind, link, link.fd());
  REQUIRE_FALSE(no_program);
  CHECK(no_program.error() == errc::wrong_type);
  CHECK(no_program.error().cause() == not_one);
  const auto no_old_program = update(kind, link, ref(second), link.fd());
  REQUIRE_FALSE(no_old_program);
  CHECK(no_old_program.error().cause() == not_one);
  const auto empty = update(kind, link, fd_ref{});
  REQUIRE_FALSE(empty);
  CHECK(empty.error() == errc::bad_handle);
  CHECK(empty.error().operation() == operation::none);
  CHECK(update(kind, link, ref(second), fd_ref{}).error() == errc::bad_handle);
  holds(first);
  CHECK(runs(kind, first, link) > 0);
}

// What the kind has not got is answered without a system call.
void check_missing(const expected<void>& answer) {
  REQUIRE_FALSE(answer);
  CHECK(answer.error() == errc::not_supported);
  CHECK(answer.error().cause() == cause::no_such_operation);
  CHECK(answer.error().operation() == operation::none);
  CHECK(answer.error().sys_errno() == 0);
}

void check_no_update(const any_case& kind) {
  const auto program = kind.load();
  auto link = attached(kind, program);
  if (!capabilities_of(kind.type).update) {
    check_missing(link.update(borrow(program)));
    check_missing(link.update(borrow(program), borrow(program)));
  }
  if (!has_map(kind)) {
    check_missing(link.update(map_ref{ref(program)}));
    check_missing(link.update(map_ref{ref(program)}, map_ref{ref(program)}));
  }
  CHECK(runs(kind, program, link) > 0);
}

void check_detach(const any_case& kind) {
  if (!detachable(kind)) return;
  const test::bpffs_fixture directory;
  const auto path = directory / "pin";
  const auto program = kind.load();
  auto link = attached(kind, program);
  REQUIRE(sentence(link.pin(path)) == "");
  const auto id = id_of(link.fd());

  CHECK(runs(kind, program, link) > 0);
  CHECK(sentence(link.detach()) == "");
  CHECK(runs(kind, program, link) == 0);
  CHECK(sentence(link.detach()) == "");
  CHECK(link);
  CHECK(test::link_exists(id));
  const auto info = link.info();
  REQUIRE(sentence(info) == "");
  CHECK(info->id == link_id{id});
  if (kind.tells_defunct) CHECK(info->defunct() == true);
  const auto reopened = link_handle::open_pinned(path);
  REQUIRE(sentence(reopened) == "");
  CHECK(reopened->type() == kind.type);
  CHECK(sentence(link.unpin(path)) == "");
  CHECK(sentence(link.pin(path)) == "");
  if (updatable(kind)) {
    const auto next = kind.load();
    const auto refused = update(kind, link, ref(next));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::defunct);
    CHECK(refused.error().sys_errno() == ENOLINK);
  }
}

void check_no_detach(const any_case& kind) {
  const auto program = kind.load();
  auto link = attached(kind, program);
  check_missing(link.detach());
  CHECK(runs(kind, program, link) > 0);
}

}  // namespace

void check_operations(const any_case& kind) {
  const auto capabilities = capabilities_of(kind.type);
  check_created(kind);
  check_no_update(kind);
  if (updatable(kind)) check_update(kind);
  capabilities.detach ? check_detach(kind) : check_no_detach(kind);
}

}  // namespace contract

}  // namespace bpflink
