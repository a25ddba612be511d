// SPDX-License-Identifier: MIT
// Programs at an interface without a link: tcx.
#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/raw_link.hpp"
#include "bpflink/attach/raw_query.hpp"
#include "order_helpers.hpp"
#include "raw_program.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

constexpr auto ingress = attach_type::tcx_ingress;

test::fd load_classifier() { return test::load({.type = of::sched_cls, .code = test::return_value(-1)}); }

std::string id_of(const test::fd& program) { return std::to_string(test::program_id(program.get())); }

}  // namespace

TEST_CASE("raw_program: places and revisions at an interface of another network namespace", "[raw_program]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture netns;
  const interface_target here{ifindex{1}, fd_ref{netns.get()}};
  if (!test::at_least(6, 6)) {
    const auto program = load_classifier();
    const auto refused = attach_at(here, ingress, borrow(program));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::not_supported);
    return;
  }
  const auto one = load_classifier();
  const auto two = load_classifier();
  const auto three = load_classifier();
  const auto linked = load_classifier();
  const auto at_place = [&](const test::fd& program, std::optional<raw_position> where,
                            std::optional<revision> expected = {}) {
    return attach_program({.target = here,
                           .hook = ingress,
                           .program = borrow(program),
                           .position = where,
                           .expected_revision = expected});
  };
  const auto ids = [&] {
    std::vector<std::uint32_t> found;
    netns.run([&] { found = test::query(1, at::tcx_ingress).ids; });
    return found;
  };
  const auto now = [&] { return query(raw_query{.target = here, .hook = ingress})->revision(); };

  CHECK(sentence(at_place(one, {})) == "");
  CHECK(sentence(at_place(two, position::first())) == "");
  CHECK(ids() == ids_of({&two, &one}));
  CHECK(sentence(at_place(three, position::before(borrow(one)), now())) == "");
  CHECK(ids() == ids_of({&two, &three, &one}));
  // Unlike cgroups, links and programs without one stand beside each other.
  const auto link = attach(raw_link_options{.target = here,
                                            .hook = ingress,
                                            .program = borrow(linked),
                                            .position = position::after(borrow(two)),
                                            .expected_revision = now()});
  REQUIRE(sentence(link) == "");
  CHECK(ids() == ids_of({&two, &linked, &three, &one}));
  CHECK(sentence(detach_from(here, ingress, borrow(one))) == "");
  CHECK(sentence(at_place(one, position::before(*link))) == "");
  CHECK(ids() == ids_of({&two, &one, &linked, &three}));

  const auto stale = revision{1000};
  check_refused(at_place(load_classifier(), {}, stale), errc::conflict, cause::stale_revision, ESTALE,
                "its revision is not the expected 1000, but " + std::to_string(now()->value()));
  check_refused(detach_program({.target = here, .hook = ingress, .program = borrow(one), .expected_revision = stale}),
                errc::conflict, cause::stale_revision, ESTALE, "its revision is not the expected 1000");
  check_refused(at_place(load_classifier(), position::before(program_id{0x7ffffffe})), errc::not_found,
                cause::no_such_id, ENOENT, "is nobody's");
  const auto absent = load_classifier();
  check_refused(at_place(load_classifier(), position::after(borrow(absent))), errc::not_found, cause::anchor_missing,
                ENOENT, "(id " + id_of(absent) + "), which the position is relative to, is not attached there");
  check_refused(at_place(load_classifier(), position::before(program_ref{fd_ref{9999}})), errc::bad_handle,
                cause::closed_descriptor, EBADF, "9999 is closed");

  // The rows of what cannot be taken away or put twice.
  check_refused(at_place(one, {}), errc::already_exists, cause::already_attached, EEXIST, id_of(one));
  check_refused(at_place(load_classifier(), position::replacing(borrow(absent))), errc::not_found, cause::other_program,
                ENOENT, "is attached there, not ");
  check_refused(detach_from(here, ingress, borrow(linked)), errc::busy, cause::slot_taken, EBUSY,
                "held by the link with id " + std::to_string(link->info()->id.value()));
  check_refused(at_place(load_classifier(), position::replacing(borrow(linked))), errc::busy, cause::slot_taken, EBUSY,
                "held by the link with id ");
  check_refused(detach_from(interface_target{ifindex{9999}, fd_ref{netns.get()}}, ingress, borrow(one)),
                errc::not_found, cause::no_such_interface, ENODEV, "9999");
  CHECK(ids() == ids_of({&two, &one, &linked, &three}));
  for (const auto* const program : {&one, &two, &three}) {
    CHECK(sentence(detach_program(
              {.target = here, .hook = ingress, .program = borrow(*program), .expected_revision = now()})) == "");
  }
  CHECK(ids() == ids_of({&linked}));
}

TEST_CASE("raw_program: a namespace that cannot be entered is told", "[raw_program]") {
  SKIP_IF(test::needs_root());
  if (!test::at_least(6, 6)) return;
  const auto program = load_classifier();
  check_refused(attach_at(interface_target{ifindex{1}, "/nowhere"}, ingress, borrow(program)), errc::not_found,
                cause::no_such_path, ENOENT, "to interface 1 of /nowhere: no such path");
  check_refused(detach_from(interface_target{ifindex{1}, "/dev/null"}, ingress, borrow(program)),
                errc::invalid_argument, cause::not_a_network_namespace, EINVAL, "it is no namespace");
}

TEST_CASE("raw_program: a LIRC device where this kernel has no programs for them", "[raw_program]") {
  SKIP_IF(test::needs_root());
  const auto program = load_egress();
  check_refused(attach_at(fd_ref{program.get()}, attach_type::lirc_mode2, borrow(program)), errc::not_supported,
                cause::missing_configuration, EINVAL, "CONFIG_BPF_LIRC_MODE2");
  check_refused(detach_from(fd_ref{program.get()}, attach_type::lirc_mode2, borrow(program)), errc::not_supported,
                cause::missing_configuration, EINVAL, "Linux 4.18");
}

}  // namespace bpflink
