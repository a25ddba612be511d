// SPDX-License-Identifier: MIT
// Why a program was not attached to a map: each cause made to happen.
#include <fcntl.h>

#include <string>

#include "errors.hpp"
#include "sockmap_helpers.hpp"
#include "support/child.hpp"
#include "support/privileges.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

const std::string doing = "attach sockmap msg_verdict to descriptor N: ";

sockmap_options to(int map, program_ref program, eviction what = eviction::refused) {
  return {.map = fd_ref{map}, .hook = sockmap_hook::msg_verdict, .program = program, .eviction = what};
}

// Errors of the attach itself, whether by link or without.
std::string by_attach(const std::string& error) {
  return test::at_least(6, 10) ? " (BPF_LINK_CREATE: " + error + ")"
                               : " (BPF_PROG_ATTACH: " + error + "; first BPF_LINK_CREATE: EINVAL)";
}

}  // namespace

TEST_CASE("sockmap: a request that cannot be is refused before any system call", "[sockmap]") {
  const error_table table;
  const auto program = fd_ref{1000};
  table.row(attach(to(-1, program)),
            {errc::bad_handle, cause::empty_handle, 0, "attach sockmap msg_verdict: the map handle is empty"});
  table.row(attach(to(1000, fd_ref{})),
            {errc::bad_handle, cause::empty_handle, 0, doing + "the program handle is empty"});
  table.row(
      attach(
          sockmap_options{.map = fd_ref{1000}, .hook = static_cast<sockmap_hook>(6), .program = program_ref{program}}),
      {errc::invalid_argument, cause::bad_option, 0, "attach sockmap unknown to descriptor N: maps have no such hook"});
  table.row(query(sockmap_query{.map = fd_ref{}, .hook = sockmap_hook::msg_verdict}),
            {errc::bad_handle, cause::empty_handle, 0, "query sockmap msg_verdict: the map handle is empty"});
  table.row(
      query(sockmap_query{.map = fd_ref{1000}, .hook = static_cast<sockmap_hook>(6)}),
      {errc::invalid_argument, cause::bad_option, 0, "query sockmap unknown of descriptor N: maps have no such hook"});
}

TEST_CASE("sockmap: a map that is none, or of another type, is told", "[sockmap]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 18, "queries of maps"));
  const error_table table;
  const auto program = load_verdict();
  const auto null = test::open_file("/dev/null", O_RDONLY);
  const auto array = test::counter_map();
  const std::string asking = "query sockmap msg_verdict of descriptor N: ";
  const std::string by_query = " (BPF_PROG_QUERY: ";
  const auto query_of = [](int map) {
    return query(sockmap_query{.map = fd_ref{map}, .hook = sockmap_hook::msg_verdict});
  };
  table.row(attach(to(9999, borrow(program))), {errc::bad_handle, cause::closed_descriptor, EBADF,
                                                doing + "the target's descriptor N is closed" + by_query + "EBADF)"});
  table.row(query_of(9999), {errc::bad_handle, cause::closed_descriptor, EBADF,
                             asking + "the target's descriptor N is closed" + by_query + "EBADF)"});
  table.row(attach(to(array.get(), borrow(program))),
            {errc::wrong_type, cause::wrong_map_type, EOPNOTSUPP,
             doing + "the target is neither a sockmap nor a sockhash" + by_query + "EOPNOTSUPP)"});
  table.row(query_of(array.get()),
            {errc::wrong_type, cause::wrong_map_type, EOPNOTSUPP,
             asking + "the target is neither a sockmap nor a sockhash" + by_query + "EOPNOTSUPP)"});
  table.row(query_of(null.get()), {errc::wrong_type, cause::not_a_map, EINVAL,
                                   asking + "the target's descriptor is not that of a map" + by_query + "EINVAL)"});
  // Then nobody can be asked, and the attach itself fails.
  table.row(attach(to(null.get(), borrow(program))),
            {errc::wrong_type, cause::not_a_map, EINVAL,
             doing + "the target's descriptor is not that of a map" + by_attach("EINVAL")});
  const bool links = test::at_least(6, 10);
  table.row(attach(to(array.get(), borrow(program), eviction::allowed)),
            {errc::wrong_type, cause::wrong_map_type, links ? EINVAL : EOPNOTSUPP,
             doing + "the target is neither a sockmap nor a sockhash" + by_attach(links ? "EINVAL" : "EOPNOTSUPP")});
}

TEST_CASE("sockmap: a program that does not fit is told", "[sockmap]") {
  SKIP_IF(test::needs_root());
  if (lacks_sockmap_links()) return;
  const error_table table;
  const auto map = socket_map();
  const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
  table.row(attach(to(map.get(), fd_ref{9999})),
            {errc::bad_handle, cause::closed_descriptor, EBADF,
             doing + "the program's descriptor N is closed (BPF_LINK_CREATE: EBADF)"});
  table.row(attach(to(map.get(), fd_ref{map.get()})),
            {errc::wrong_type, cause::not_a_program, EINVAL,
             doing + "the program's descriptor is that of a map (BPF_LINK_CREATE: EINVAL)"});
  table.row(attach(to(map.get(), borrow(filter))),
            {errc::wrong_type, cause::wrong_program_type, EINVAL,
             doing + "program 'filter' (id N) is of type socket_filter, this hook takes sk_msg (BPF_LINK_CREATE: "
                     "EINVAL)"});

  // A link goes by what its program was loaded for.
  const auto verdict = load_verdict(sockmap_hook::stream_verdict);
  const auto parser = load_verdict(sockmap_hook::stream_parser, socket_pass, "parser");
  auto link = attach(at_map(map, borrow(verdict), sockmap_hook::stream_verdict));
  REQUIRE(sentence(link) == "");
  table.row(link->update(borrow(parser)),
            {errc::wrong_type, cause::wrong_expected_attach_type, EINVAL,
             "update sockmap link with id N: program 'parser' (id N) is of the right type, but was loaded for another "
             "attach type than the link's (BPF_LINK_UPDATE: EINVAL)"});
  CHECK(sentence(link->detach()) == "");
  table.row(link->update(borrow(verdict)),
            {errc::defunct, cause::target_gone, ENOLINK,
             "update sockmap link with id N: the link's target is gone, or the link was detached; attach anew "
             "(BPF_LINK_UPDATE: ENOLINK)"});
}

TEST_CASE("sockmap: who holds the hook is told", "[sockmap]") {
  SKIP_IF(test::needs_root());
  if (lacks_sockmap_links()) return;
  const error_table table;
  const auto map = socket_map();
  const auto holds = load_verdict(sockmap_hook::msg_verdict, socket_pass, "holds");
  const auto comes = load_verdict();
  const auto link = attach(to(map.get(), borrow(holds)));
  REQUIRE(sentence(link) == "");
  table.row(attach(to(map.get(), borrow(comes))),
            {errc::busy, cause::slot_taken, 0,
             doing + "program 'holds' (id N), held by the link with id N, is attached there; update or detach that "
                     "link"});
  // Nor does a link evict a link.
  const std::string held = "program 'holds' (id N), held by the link with id N, is attached there already";
  table.row(attach(to(map.get(), borrow(comes), eviction::allowed)),
            {errc::busy, cause::slot_taken, EBUSY, doing + held + " (BPF_LINK_CREATE: EBUSY)"});
  CHECK(programs_at(map) == std::vector{test::program_id(holds.get())});
  CHECK(test::prog_attach({map.get(), comes.get(), test::attach_type::sk_msg_verdict}) == EBUSY);
  CHECK(test::prog_detach(map.get(), holds.get(), test::attach_type::sk_msg_verdict) == EBUSY);
}

TEST_CASE("sockmap: the two verdicts on packets exclude each other", "[sockmap]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 18, "queries of maps"));
  const error_table table;
  const auto map = socket_map();
  const auto stream = load_verdict(sockmap_hook::stream_verdict, socket_pass, "stream");
  const auto skb = load_verdict(sockmap_hook::skb_verdict, socket_pass, "skb");
  const auto held = attach(at_map(map, borrow(stream), sockmap_hook::stream_verdict));
  REQUIRE(sentence(held) == "");
  const std::string why = "program 'stream' (id N) is attached at sk_skb_stream_verdict, which excludes sk_skb_verdict";
  auto options = at_map(map, borrow(skb), sockmap_hook::skb_verdict);
  table.row(attach(options), {errc::busy, cause::slot_taken, EBUSY,
                              "attach sockmap skb_verdict to descriptor N: " + why + " (BPF_PROG_QUERY: EBUSY)"});
  table.row(query(sockmap_query{.map = fd_ref{map.get()}, .hook = sockmap_hook::skb_verdict}),
            {errc::busy, cause::slot_taken, EBUSY,
             "query sockmap skb_verdict of descriptor N: " + why + " (BPF_PROG_QUERY: EBUSY)"});
  options.eviction = eviction::allowed;
  const auto forced = attach(options);
  REQUIRE_FALSE(forced);
  const auto& error = forced.error();
  CHECK(error == errc::busy);
  CHECK(error.cause() == cause::slot_taken);
  CHECK_THAT(table.plain(error.message()), test::contains(why + by_attach("EBUSY")));

  const auto other = socket_map();
  const auto first = attach(at_map(other, borrow(skb), sockmap_hook::skb_verdict));
  REQUIRE(sentence(first) == "");
  CHECK(attach(at_map(other, borrow(stream), sockmap_hook::stream_verdict)).error().cause() == cause::slot_taken);
}

TEST_CASE("sockmap: whoever may not ask who is there is told so, unless eviction is allowed", "[sockmap]") {
  SKIP_IF(test::needs_root());
  if (lacks_sockmap_links()) return;
  const auto map = socket_map();
  const auto program = load_verdict();
  CHECK(test::in_child([&] {
          test::become_nobody();
          const error_table table;
          const auto refused = attach(to(map.get(), borrow(program)));
          test::expect(!refused && refused.error() == errc::permission_denied);
          test::expect(refused.error().cause() == cause::missing_capability);
          test::expect_equal(table.plain(refused.error().message()),
                             doing +
                                 "CAP_NET_ADMIN is missing (CAP_SYS_ADMIN would do as well); the kernel is asked "
                                 "whose program would go, unless eviction is allowed (BPF_PROG_QUERY: EPERM)");
          auto link = attach(to(map.get(), borrow(program), eviction::allowed));
          test::expect_equal(sentence(link), "");
          test::expect_equal(sentence(link->update(borrow(program))), "");
          test::expect_equal(sentence(link->close()), "");
        }).failure() == "");
  // Who may ask, but not look for links, is told who is there and no more.
  const auto held = attach(to(map.get(), borrow(program)));
  REQUIRE(sentence(held) == "");
  CHECK(test::in_child([&] {
          test::become_nobody({test::cap_net_admin});
          const error_table table;
          const auto refused = attach(to(map.get(), borrow(program)));
          test::expect(!refused && refused.error() == errc::busy);
          test::expect_equal(table.plain(refused.error().message()),
                             doing +
                                 "program with id N is attached there; whether by a link cannot be told without "
                                 "CAP_SYS_ADMIN");
        }).failure() == "");
}

}  // namespace bpflink
