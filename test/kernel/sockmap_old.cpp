// SPDX-License-Identifier: MIT
// Maps without links, as before Linux 6.10: the hidden cases run where BPF_LINK_CREATE is unknown.
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "child_helpers.hpp"
#include "link_checks.hpp"
#include "sockmap_helpers.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
using ids = std::vector<std::uint32_t>;

std::uint32_t id_of(const test::counted_program& program) { return test::program_id(program.get()); }

int attach_theirs(const test::fd& map, const test::counted_program& program) {
  return test::prog_attach({map.get(), program.get(), at::sk_msg_verdict});
}

// A kernel that does not know this attach type.
void without_hook(std::uint32_t unknown, const std::function<void()>& f) {
  test::syscall_supervisor supervisor{std::vector<long>{SYS_bpf}};
  supervisor.with_handler(
      [unknown](const test::observed_call& call) {
        const auto command = call.command();
        const bool by_type =
            (command == test::command::prog_attach || command == test::command::link_create) && call.at(8) == unknown;
        const bool asks = command == test::command::prog_query && call.at(4) == unknown;
        return by_type || asks ? test::verdict::fail(EINVAL) : test::verdict::proceed();
      },
      f);
}

}  // namespace

TEST_CASE("sockmap: without links a program is attached alone", "[sockmap]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  SKIP_IF(test::needs_kernel(5, 18, "queries of maps"));
  CHECK(test::on_old_kernel("old-sockmap", [] { test::refuse_bpf({test::command::link_create}); }).failure() == "");
}

TEST_CASE("sockmap: without links and queries a program is attached all the same", "[sockmap]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_seccomp());
  SKIP_IF(test::needs_kernel(5, 8, "detaching of exactly one program"));
  CHECK(test::on_old_kernel("oldest-sockmap", [] {
          test::refuse_bpf({test::command::link_create, test::command::prog_query});
        }).failure() == "");
}

TEST_CASE("old sockmap: it runs, is swapped, stops, and is told as what it is", "[.][old-sockmap]") {
  const auto type = GENERATE(as<std::uint32_t>{}, test::map_type::sockmap, test::map_type::sockhash);
  test::netns_fixture().run([&] {
    const auto map = socket_map(type);
    const auto first = load_verdict(sockmap_hook::msg_verdict, socket_pass, "first");
    const auto second = load_verdict(sockmap_hook::msg_verdict, socket_pass, "second");
    auto link = attach(at_map(map, borrow(first)));
    REQUIRE(sentence(link) == "");
    check_no_bpf_link(*link, mechanism::program_exclusive);
    CHECK(runs_for_new_socket(map, first) == 1);

    CHECK(sentence(link->update(borrow(second))) == "");
    CHECK(sentence(link->update(borrow(second))) == "");
    CHECK(runs_for_new_socket(map, second) == 1);
    check_conflict(*link, second, first);
    CHECK(programs_at(map) == ids{id_of(second)});
    CHECK(sentence(link->update(borrow(first), borrow(second))) == "");
    CHECK(programs_at(map) == ids{id_of(first)});

    CHECK(sentence(link->detach()) == "");
    CHECK(programs_at(map).empty());
    check_stays_detached(*link, borrow(second));
  });
}

TEST_CASE("old sockmap: nobody else's program is thrown out or detached", "[.][old-sockmap]") {
  const auto map = socket_map();
  const auto theirs = load_verdict(sockmap_hook::msg_verdict, socket_pass, "theirs");
  const auto ours = load_verdict();
  REQUIRE(attach_theirs(map, theirs) == 0);
  check_refused(attach(at_map(map, borrow(ours))), errc::busy, cause::would_evict, "program 'theirs'");
  check_refused(attach(at_map(map, borrow(theirs))), errc::already_exists, cause::already_attached);
  REQUIRE(test::prog_detach(map.get(), theirs.get(), at::sk_msg_verdict) == 0);

  auto link = attach(at_map(map, borrow(ours)));
  REQUIRE(sentence(link) == "");
  // Without a link the kernel lets them throw ours out; what they have now stays.
  REQUIRE(attach_theirs(map, theirs) == 0);
  const auto next = load_verdict();
  check_refused(link->update(borrow(next)), errc::conflict, cause::other_program,
                "program 'theirs' (id " + std::to_string(id_of(theirs)) + ") is attached there, not the expected");
  check_refused(link->update(borrow(next), borrow(ours)), errc::conflict, cause::other_program);
  CHECK(programs_at(map) == ids{id_of(theirs)});
  check_refused(link->detach(), errc::not_found, cause::not_attached, "BPF_PROG_DETACH: ENOENT");
  check_refused(link->close(), errc::not_found, cause::not_attached);
  CHECK(programs_at(map) == ids{id_of(theirs)});

  // Who names it may have its place.
  auto taking = attach(at_map(map, borrow(ours)));
  REQUIRE_FALSE(taking);
  REQUIRE(test::prog_detach(map.get(), theirs.get(), at::sk_msg_verdict) == 0);
  taking = attach(at_map(map, borrow(ours)));
  REQUIRE(sentence(taking) == "");
  const auto misfit = test::load({.type = test::prog_type::socket_filter});
  check_refused(taking->update(borrow(misfit)), errc::wrong_type, cause::wrong_program_type);
  check_refused(taking->update(borrow(next), borrow(misfit)), errc::conflict, cause::other_program);
  check_refused(taking->update(borrow(next), fd_ref{9999}), errc::bad_handle, cause::closed_descriptor);
  check_refused(taking->update(borrow(next), fd_ref{map.get()}), errc::wrong_type, cause::not_a_program);
  REQUIRE(attach_theirs(map, theirs) == 0);
  CHECK(sentence(taking->update(borrow(next), borrow(theirs))) == "");
  CHECK(programs_at(map) == ids{id_of(next)});
  REQUIRE(test::prog_detach(map.get(), next.get(), at::sk_msg_verdict) == 0);
  check_refused(taking->update(borrow(ours)), errc::defunct, cause::detached);
  check_refused(taking->close(), errc::not_found, cause::not_attached);

  REQUIRE(attach_theirs(map, theirs) == 0);
  auto options = at_map(map, borrow(ours));
  options.eviction = eviction::allowed;
  auto evicting = attach(options);
  REQUIRE(sentence(evicting) == "");
  CHECK(programs_at(map) == ids{id_of(ours)});
  { const link_handle dropped = *std::move(evicting); }
  CHECK(programs_at(map).empty());

  auto released = attach(at_map(map, borrow(ours)));
  REQUIRE(sentence(released) == "");
  CHECK_FALSE(std::move(*released).release());
  CHECK(programs_at(map) == ids{id_of(ours)});
}

TEST_CASE("old sockmap: what does not fit is told, with the failure before it", "[.][old-sockmap]") {
  const auto map = socket_map();
  const auto program = load_verdict();
  const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
  const auto array = test::counter_map();
  auto options = at_map(map, borrow(program));
  options.mechanism = mechanism_choice::link_only;
  check_refused(attach(options), errc::not_supported, cause::missing_feature,
                "links to sockmaps, which came with Linux 6.10");
  CHECK(programs_at(map).empty());

  const auto misfit = attach(at_map(map, borrow(filter)));
  check_refused(misfit, errc::wrong_type, cause::wrong_program_type, "BPF_PROG_ATTACH: EINVAL");
  const auto* const first = misfit.error().first();
  REQUIRE(first != nullptr);
  CHECK(first->operation() == operation::link_create);
  CHECK(first->cause() == cause::missing_feature);
  options = at_map(array, borrow(program));
  options.eviction = eviction::allowed;
  check_refused(attach(options), errc::wrong_type, cause::wrong_map_type);

  auto link = attach(at_map(map, borrow(program)));
  REQUIRE(sentence(link) == "");
  check_refused(link->update(borrow(filter)), errc::wrong_type, cause::wrong_program_type,
                "is of type socket_filter, this hook takes sk_msg");
  check_refused(link->update(program_ref{fd_ref{map.get()}}), errc::wrong_type, cause::not_a_program);
  CHECK(programs_at(map) == ids{id_of(program)});
}

TEST_CASE("old sockmap: who may load nothing finds out with the program at hand", "[.][old-sockmap]") {
  SKIP_IF(test::needs_kernel(5, 19, "bpf(2) for users"));
  const auto map = socket_map();
  const auto program = load_verdict();
  CHECK(test::in_child([&] {
          test::become_nobody();
          auto options = at_map(map, borrow(program));
          options.eviction = eviction::allowed;
          auto link = must(attach(options));
          expect(link.mechanism() == mechanism::program_exclusive);
          // Whether it is still there cannot be asked: it is not swapped.
          const auto refused = failure_of(link.update(borrow(program)));
          expect(refused == errc::permission_denied && refused.cause() == cause::missing_capability, refused.message());
          expect_contains(refused.message(), "CAP_NET_ADMIN is missing");
          expect_equal(sentence(link.close()), "");
        }).failure() == "");
  CHECK(programs_at(map).empty());
}

TEST_CASE("old sockmap: a hook that the kernel has not got is told, since when Linux has", "[.][old-sockmap]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 13, "skb verdicts"));
  const auto map = socket_map();
  const auto program = load_verdict(sockmap_hook::skb_verdict);
  CHECK(test::in_child([&] {
          without_hook(at::sk_skb_verdict, [&] {
            const auto refused = failure_of(attach(at_map(map, borrow(program), sockmap_hook::skb_verdict)));
            expect(refused == errc::not_supported && refused.cause() == cause::missing_feature, refused.message());
            expect_contains(refused.message(), "this kernel has no hook sk_skb_verdict, which came with Linux 5.13");
            const auto asked =
                failure_of(query(sockmap_query{.map = fd_ref{map.get()}, .hook = sockmap_hook::skb_verdict}));
            expect_contains(asked.message(), "5.13");
          });
        }).failure() == "");
}

TEST_CASE("oldest sockmap: attached, swapped and detached", "[.][oldest-sockmap]") {
  test::netns_fixture().run([] {
    const auto map = socket_map();
    const auto first = load_verdict();
    const auto second = load_verdict();
    auto link = attach(at_map(map, borrow(first)));
    REQUIRE(sentence(link) == "");
    CHECK(runs_for_new_socket(map, first) == 1);
    CHECK(sentence(link->update(borrow(second))) == "");
    CHECK(runs_for_new_socket(map, second) == 1);
    CHECK(sentence(link->close()) == "");
    CHECK(runs_for_new_socket(map, second) == 0);

    const auto asked = query(sockmap_query{.map = fd_ref{map.get()}, .hook = sockmap_hook::msg_verdict});
    check_refused(asked, errc::not_supported, cause::missing_feature, "BPF_PROG_QUERY: EINVAL");
  });
}

}  // namespace bpflink
