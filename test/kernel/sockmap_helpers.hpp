// SPDX-License-Identifier: MIT
// What the tests of sockmaps share: connections over loopback, maps that hold them, programs for them.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/sockmap.hpp"
#include "helpers.hpp"
#include "older_kernel.hpp"
#include "support/loopback.hpp"

namespace bpflink {

inline constexpr std::int32_t socket_drop = 0;  // SK_DROP
inline constexpr std::int32_t socket_pass = 1;  // SK_PASS

/// Both ends of a TCP connection in the calling thread's network namespace.
struct connection {
  test::fd client;
  test::fd server;
};

inline connection connect_pair() {
  const auto family = test::family::ipv4;
  const auto listener = test::must(test::make_socket(family, SOCK_STREAM), "making a TCP socket");
  if (const int error = test::bind_loopback(listener.get(), family); error != 0) test::throw_error(error, "binding");
  if (::listen(listener.get(), 1) != 0) test::throw_error(errno, "listening");
  connection made;
  made.client = test::must(test::make_socket(family, SOCK_STREAM), "making a TCP socket");
  const test::loopback to(family, test::own_port(listener.get()));
  if (const int error = test::connect_to(made.client.get(), to, 5); error != 0) test::throw_error(error, "connecting");
  if (!test::wait_for(listener.get(), POLLIN, 5)) test::throw_error(ETIMEDOUT, "waiting for a connection");
  const int accepted = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  made.server = test::must(test::fd(accepted < 0 ? -errno : accepted), "accepting");
  return made;
}

/// 0 or errno.
inline int send_text(const test::fd& socket, const std::string& text) {
  return ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0 ? errno : 0;
}
/// What arrives first; empty where nothing does in time.
inline std::string receive_text(const test::fd& socket, double seconds = 5) {
  std::array<char, 256> bytes{};
  if (!test::wait_for(socket.get(), POLLIN, seconds)) return {};
  const auto got = ::recv(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  return {bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}
/// All that arrives at the server from now on. The client ends its side, and in a stream the end comes behind what was
/// sent: what has not arrived by then does not arrive any more.
inline std::string receive_rest(const connection& pair) {
  std::array<char, 256> bytes{};
  std::string text;
  if (::shutdown(pair.client.get(), SHUT_WR) != 0) test::throw_error(errno, "ending a stream");
  if (!test::wait_for(pair.server.get(), POLLRDHUP, test::patience)) test::throw_error(ETIMEDOUT, "waiting for an end");
  for (;;) {
    const auto got = ::recv(pair.server.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got <= 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

/// Whether this kernel has no links to sockmaps; then it is shown that the library says so.
inline bool lacks_sockmap_links() {
  return older_than(6, 10, [] {
    const auto map = test::create_map(test::map_type::sockmap, 4, 4);
    const auto program =
        test::load({.type = test::prog_type::sk_msg, .expected_attach_type = test::attach_type::sk_msg_verdict});
    return attach(sockmap_options{.map = fd_ref{map.get()},
                                  .hook = sockmap_hook::msg_verdict,
                                  .program = borrow(program),
                                  .eviction = eviction::allowed,
                                  .mechanism = mechanism_choice::link_only});
  });
}

/// A map of either type that takes sockets under the keys 0 to 3.
inline test::fd socket_map(std::uint32_t type = test::map_type::sockmap) { return test::create_map(type, 4, 4, 4); }
/// 0 or errno.
inline int put(const test::fd& map, std::uint32_t key, const test::fd& socket) {
  const auto number = static_cast<std::uint32_t>(socket.get());
  return test::map_update(map.get(), &key, &number);
}

inline bool takes_messages(sockmap_hook hook) { return hook == sockmap_hook::msg_verdict; }

/// A program for the hook that counts and passes, or drops.
inline test::counted_program load_verdict(sockmap_hook hook = sockmap_hook::msg_verdict,
                                          std::int32_t verdict = socket_pass,
                                          const std::string& name = "bpflink_test") {
  const auto type = takes_messages(hook) ? test::prog_type::sk_msg : test::prog_type::sk_skb;
  return test::load_counted(type, static_cast<std::uint32_t>(hook), verdict, name);
}

/// An sk_skb program for which each chunk that comes is a message, and that counts them.
inline test::counted_program load_parser() {
  using namespace test;
  counted_program made;
  made.counter = counter_map();
  assembler code;
  code.mov(r6, r1).store(width::u32, r10, -4, 0).mov(r2, r10).add(r2, -4).load_map(r1, made.counter.get());
  code.call(helper::map_lookup_elem).jump_if(jump::equal, r0, 0, "parse");
  code.mov(r1, 1).atomic_add(width::u64, r0, 0, r1).label("parse");
  code.load(width::u32, r0, r6, 0);  // len, of struct __sk_buff
  made.program = load({.type = prog_type::sk_skb,
                       .code = code.exit().done(),
                       .expected_attach_type = test::attach_type::sk_skb_stream_parser});
  return made;
}

/// A program for the hook that sends all to the socket under this key of the map.
inline test::fd load_redirect(sockmap_hook hook, const test::fd& map, std::uint32_t key, bool hash = false,
                              bool ingress = false) {
  using namespace test;
  constexpr std::int32_t sk_redirect_map = 52, msg_redirect_map = 60, msg_redirect_hash = 71, sk_redirect_hash = 72;
  assembler code;
  if (hash) {
    code.store(width::u32, r10, -4, static_cast<std::int32_t>(key)).mov(r3, r10).add(r3, -4);
  } else {
    code.mov(r3, static_cast<std::int32_t>(key));
  }
  code.load_map(r2, map.get()).mov(r4, ingress ? 1 : 0);
  code.call(takes_messages(hook) ? (hash ? msg_redirect_hash : msg_redirect_map)
                                 : (hash ? sk_redirect_hash : sk_redirect_map));
  return load({.type = takes_messages(hook) ? prog_type::sk_msg : prog_type::sk_skb,
               .code = code.exit().done(),
               .expected_attach_type = static_cast<std::uint32_t>(hook)});
}

inline sockmap_options at_map(const test::fd& map, program_ref program, sockmap_hook hook = sockmap_hook::msg_verdict) {
  return {.map = fd_ref{map.get()}, .hook = hook, .program = program};
}

/// How often the program ran for a byte sent through a socket that was put into the map for that, which it does before
/// send(2) returns.
inline std::uint64_t runs_for_new_socket(const test::fd& map, const test::counted_program& program) {
  const auto pair = connect_pair();
  if (const int error = put(map, 0, pair.client); error != 0) test::throw_error(error, "putting a socket into a map");
  const auto before = program.runs();
  send_text(pair.client, "x");
  return program.runs() - before;
}

inline mechanism best_sockmap_mechanism() {
  return test::at_least(6, 10) ? mechanism::link : mechanism::program_exclusive;
}

/// The programs at a hook, by the oracle. Needs 5.18.
inline std::vector<std::uint32_t> programs_at(const test::fd& map, sockmap_hook hook = sockmap_hook::msg_verdict) {
  return test::query(map.get(), static_cast<std::uint32_t>(hook)).ids;
}

}  // namespace bpflink
