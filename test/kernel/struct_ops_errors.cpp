// SPDX-License-Identifier: MIT
// Each reason for which a table of functions is not registered, or not swapped.
#include <fcntl.h>

#include <cerrno>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/struct_ops.hpp"
#include "errors.hpp"
#include "refusals.hpp"
#include "struct_ops_helpers.hpp"
#include "support/catch.hpp"
#include "support/congestion_control.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

using test::congestion_control;

map_ref of(const test::fd& map) { return fd_ref{map.get()}; }

template <class T>
void check_map_refused(const expected<T>& answer, errc code, cause why, int number, const std::string& words) {
  const auto error = error_of(answer);
  // Who asks for information is told EBADFD.
  const bool of_information = error.sys_errno() == EBADFD && number == EBADF;
  check_error(error, code, why, of_information ? EBADFD : number, words);
}

// No process of the tests has so many.
constexpr int never_open = 900'000;

}  // namespace

TEST_CASE("struct_ops errors: what is no such map", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  const congestion_control control;
  const auto array = test::counter_map();
  const auto program = test::load({});
  const std::span<const std::byte> none;
  // Without a value the link is refused, with one the map does not fit.
  for (const auto value : {none, std::span<const std::byte>{control.value()}}) {
    const auto attach_to = [&](int descriptor) {
      return attach(struct_ops_options{.map = fd_ref{descriptor}, .value = value});
    };
    const auto number = [&](int refused) { return value.empty() ? refused : 0; };
    check_map_refused(attach_to(-1), errc::bad_handle, cause::empty_handle, 0, "the map handle is empty");
    check_map_refused(attach_to(array.get()), errc::wrong_type, cause::wrong_map_type, number(EINVAL),
                      "the map is of type 2, not of struct_ops (26)");
    check_map_refused(attach_to(program.get()), errc::wrong_type, cause::not_a_map, number(EINVAL),
                      "the map's descriptor is not that of a map");
    const auto closed = attach_to(never_open);
    REQUIRE_FALSE(closed);
    CHECK(closed.error() == errc::bad_handle);
    CHECK(closed.error().cause() == cause::closed_descriptor);
    CHECK_THAT(closed.error().message(), test::contains("the map's descriptor"));
  }
}

TEST_CASE("struct_ops errors: a map that is not filled, or not for links", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const congestion_control control;
  const auto empty = congestion_control::empty_map();
  check_map_refused(
      attach(struct_ops_options{.map = of(empty)}), errc::invalid_argument, cause::map_not_filled, EINVAL,
      "map 'bpflink_test' (id " + std::to_string(test::map_id(empty.get())) + "): the map has no value yet");
  const auto legacy = congestion_control::empty_map(false);
  check_map_refused(attach(struct_ops_options{.map = of(legacy)}), errc::invalid_argument, cause::not_a_link_map,
                    EINVAL, "the map was made without BPF_F_LINK");
  // Refused before anything is registered.
  check_map_refused(
      attach(struct_ops_options{.map = of(legacy), .value = control.value(), .mechanism = mechanism_choice::link_only}),
      errc::invalid_argument, cause::not_a_link_map, 0, "the map was made without BPF_F_LINK");
  CHECK(test::choose_congestion_control(control.name()) == ENOENT);
}

TEST_CASE("struct_ops errors: a name that is taken", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const congestion_control control;
  const congestion_control twin{control.name()};
  const auto map = control.filled_map();
  const auto link = attach(struct_ops_options{.map = of(map)});
  REQUIRE(sentence(link) == "");
  const auto id = std::to_string(link->info()->id.value());

  check_map_refused(attach(struct_ops_options{.map = of(map)}), errc::already_exists, cause::already_attached, EEXIST,
                    "this map is registered already, by the link with id " + id);
  const auto words = "'" + control.name() + "' is registered with the kernel already (tcp_congestion_ops), by map " +
                     "'bpflink_test' (id " + std::to_string(test::map_id(map.get())) + "), held by the link with id " +
                     id;
  const auto other = twin.filled_map();
  check_map_refused(attach(struct_ops_options{.map = of(other)}), errc::already_exists, cause::name_taken, EEXIST,
                    words);
  const auto legacy = congestion_control::empty_map(false);
  check_map_refused(attach(struct_ops_options{.map = of(legacy), .value = twin.value()}), errc::already_exists,
                    cause::name_taken, EEXIST, words);

  const congestion_control builtin{"reno"};
  const auto reno = builtin.filled_map();
  check_map_refused(attach(struct_ops_options{.map = of(reno)}), errc::already_exists, cause::name_taken, EEXIST,
                    "'reno' is registered with the kernel already (tcp_congestion_ops)");
}

TEST_CASE("struct_ops errors: a value that the kernel does not take", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  const bool by_link = test::at_least(6, 4);
  const auto refused = [&](const congestion_control& control, errc code, cause why, int number,
                           const std::string& words) {
    const auto map = congestion_control::empty_map(by_link);
    check_map_refused(attach(struct_ops_options{.map = of(map), .value = control.value()}), code, why, number, words);
    // Nothing is left of it: another value is taken.
    const congestion_control right;
    CHECK(sentence(attach(struct_ops_options{.map = of(map), .value = right.value()})) == "");
  };
  congestion_control incomplete;
  incomplete.set("ssthresh", 0);
  refused(incomplete, errc::invalid_argument, cause::unknown, EINVAL, "the kernel refused the value");
  const auto misfit = test::load({});
  congestion_control of_another_type;
  of_another_type.set("undo_cwnd", static_cast<std::uint64_t>(misfit.get()));
  refused(of_another_type, errc::wrong_type, cause::wrong_program_type, EINVAL,
          "in 'undo_cwnd': program 'bpflink_test' (id " + std::to_string(test::program_id(misfit.get())) +
              ") is of type socket_filter, this hook takes struct_ops");
  const auto array = test::counter_map();
  congestion_control of_no_program;
  of_no_program.set("ssthresh", static_cast<std::uint64_t>(array.get()));
  refused(of_no_program, errc::wrong_type, cause::not_a_program, EINVAL,
          "in 'ssthresh': the program's descriptor is that of a map");
  congestion_control closed;
  closed.set("cong_avoid", static_cast<std::uint64_t>(never_open));
  refused(closed, errc::bad_handle, cause::closed_descriptor, EBADF,
          "in 'cong_avoid': the program's descriptor 900000 is closed");
  // What the kernel does not tell is not guessed: a program of the table's that was loaded for another function.
  congestion_control swapped;
  const auto elsewhere = test::load_for_member("tcp_congestion_ops", "undo_cwnd", test::return_value(10));
  swapped.set("ssthresh", static_cast<std::uint64_t>(elsewhere.get()));
  refused(swapped, errc::invalid_argument, cause::unknown, EINVAL, "the kernel refused the value");
  congestion_control counted;
  counted.set_head(1);
  refused(counted, errc::invalid_argument, cause::bad_option, EINVAL, "'common', where the kernel counts");

  const congestion_control control;
  const auto map = congestion_control::empty_map(by_link);
  const auto shorter = std::span{control.value()}.first(64);
  check_map_refused(attach(struct_ops_options{.map = of(map), .value = shorter}), errc::invalid_argument,
                    cause::bad_option, 0,
                    "the map's value has " + std::to_string(control.value().size()) + " bytes, the given one 64");
}

TEST_CASE("struct_ops errors: a map that has its value already", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  const congestion_control control;
  if (test::at_least(6, 4)) {
    const auto map = control.filled_map();
    check_map_refused(attach(struct_ops_options{.map = of(map), .value = control.value()}), errc::busy,
                      cause::bad_option, EBUSY, "the map has its value already");
  }
  const auto legacy = congestion_control::empty_map(false);
  const auto again = [&] { return attach(struct_ops_options{.map = of(legacy), .value = control.value()}); };
  {
    const auto link = again();
    REQUIRE(sentence(link) == "");
    check_map_refused(again(), errc::already_exists, cause::already_attached, EBUSY, "the map has registered itself");
  }
  check_map_refused(again(), errc::defunct, cause::detached, EBUSY, "the map was registered and unregistered");
}

TEST_CASE("struct_ops errors: a map that cannot take the other's place", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  if (lacks_struct_ops_links()) return;
  const congestion_control control;
  const congestion_control twin{control.name()};
  const congestion_control other;
  const auto map = control.filled_map();
  auto link = attach(struct_ops_options{.map = of(map)});
  REQUIRE(sentence(link) == "");

  const auto renamed = other.filled_map();
  check_map_refused(link->update(of(renamed)), errc::invalid_argument, cause::bad_option, EINVAL,
                    "the map registers '" + other.name() + "', the link's map '" + control.name() + "'");
  const auto empty = congestion_control::empty_map();
  check_map_refused(link->update(of(empty)), errc::invalid_argument, cause::map_not_filled, EINVAL, "no value yet");
  const auto legacy = congestion_control::empty_map(false);
  check_map_refused(link->update(of(legacy)), errc::invalid_argument, cause::not_a_link_map, EINVAL, "BPF_F_LINK");
  const auto next = twin.filled_map();
  const auto third = twin.filled_map();
  check_map_refused(
      link->update(of(next), of(third)), errc::conflict, cause::other_program, EPERM,
      "is registered, not the expected map 'bpflink_test' (id " + std::to_string(test::map_id(third.get())));
  check_map_refused(link->update(of(next), fd_ref{never_open}), errc::bad_handle, cause::closed_descriptor, EBADF,
                    "the expected old map's descriptor");
  check_map_refused(link->update(map_ref{fd_ref{never_open}}), errc::bad_handle, cause::closed_descriptor, EBADF,
                    "the map's descriptor");

  link_handle any = *std::move(link);
  const auto program = test::load({});
  check_map_refused(any.update(borrow(program)), errc::not_supported, cause::no_such_operation, 0,
                    "what can be swapped is its map");
  CHECK(any.can_update_map());
  CHECK_FALSE(any.can_update());
  if (!test::at_least(6, 11)) return;
  CHECK(sentence(any.detach()) == "");
  check_map_refused(any.update(of(next)), errc::defunct, cause::detached, ENOLINK, "the link was detached");
}

}  // namespace bpflink
