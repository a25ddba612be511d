// SPDX-License-Identifier: MIT
// What handles owe of whatever hook, for the tests of the hooks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "refusals.hpp"
#include "support/alloc_counter.hpp"
#include "support/child.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

/// What is attached otherwise than by a bpf_link has no descriptor, no pin and no information.
template <class Link>
void check_no_bpf_link(Link& link, mechanism by) {
  CHECK(link.mechanism() == by);
  CHECK_FALSE(link.can_pin());
  CHECK_FALSE(link.fd());
  CHECK(error_of(link.pin("/sys/fs/bpf/none")) == errc::not_supported);
  CHECK(error_of(link.info()) == errc::not_supported);
}

/// What is detached can be detached again, and closed, but not updated.
template <class Link>
void check_stays_detached(Link& link, program_ref next) {
  CHECK(sentence(link.detach()) == "");
  check_refused(link.update(next), errc::defunct, cause::detached);
  CHECK(sentence(link.close()) == "");
}

/// An update from another program than the one that it holds is refused, and both are named.
template <class Link>
void check_conflict(Link& link, const test::counted_program& held, const test::counted_program& other) {
  const auto conflict = link.update(borrow(other), borrow(other));
  check_refused(conflict, errc::conflict, cause::other_program, name_of(held));
  CHECK_THAT(conflict.error().message(), test::contains("not the expected " + name_of(other)));
}

/// Nor is it updated to or from a program of another type, nor to none at all.
template <class Link>
void check_no_misfits(Link& link, program_ref fitting) {
  const auto misfit = test::load({.type = test::prog_type::socket_filter});
  check_refused(link.update(borrow(misfit)), errc::wrong_type, cause::wrong_program_type);
  check_refused(link.update(fitting, borrow(misfit)), errc::wrong_type, cause::wrong_program_type);
  check_refused(link.update(fd_ref{9999}), errc::bad_handle, cause::closed_descriptor);
}

/// While a pin is there, or who opened it, the link that was pinned works although it is closed.
template <class Link>
void check_pin_holds(Link link, const std::string& path, const std::function<bool()>& works) {
  CHECK(sentence(link.pin(path)) == "");
  CHECK(sentence(link.close()) == "");
  CHECK(works());
  auto opened = Link::open_pinned(path);
  REQUIRE(sentence(opened) == "");
  CHECK(sentence(opened->unpin(path)) == "");
  CHECK(works());
}

/// Attaching is one system call, closing another, and neither takes memory. For a forked child.
template <class Options>
void expect_one_call(test::syscall_supervisor& supervisor, const Options& options) {
  const auto attach_and_close = [&options] {
    auto link = attach(options);
    test::expect(link.has_value() && link->close().has_value());
  };
  test::expect_equal(test::names(supervisor.record_calls(attach_and_close)), "bpf(28) close");
  const auto allocated = test::allocations(attach_and_close);
  test::expect_equal(static_cast<std::int64_t>(allocated.value_or(0)), 0, "allocations");
}

}  // namespace bpflink
