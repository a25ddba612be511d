// SPDX-License-Identifier: MIT
//
// sockmap_proxy [ROUNDS]: a client, a proxy and a server that sends back what it gets, all in a network namespace of
// their own. The bytes go there and back through the proxy: once copied by it, once through two connections that a
// sockmap's program splices in the kernel, where the proxy sleeps. Needs root.

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <bpflink/bpflink.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include "../shared/interrupts.hpp"
#include "../shared/network.hpp"
#include "proxy.hpp"

namespace {

constexpr std::size_t amount = 1048576;

struct result {
  std::string held_by;
  proxy::exchange bytes;
  proxy::calls made;
};

std::optional<result> send_through(proxy::way how) {
  const auto back = proxy::listen_somewhere();
  const auto front = proxy::listen_somewhere();
  proxy::process between{how, front, back.port};
  const auto client = proxy::connect_to(front.port);
  const auto server = proxy::accept_one(back);
  if (!client || !server) return std::nullopt;
  const auto held_by = between.wait_until_joined();
  if (!held_by) return std::nullopt;

  const auto before = between.counted();
  std::jthread echoing{[&server] { proxy::echo(server); }};
  const auto bytes = proxy::exchange_bytes(client, amount);
  const auto after = between.counted();
  ::shutdown(server.get(), SHUT_RDWR);
  return result{*held_by, bytes, {after.reads - before.reads, after.writes - before.writes}};
}

void print(const char* way, const result& seen, const char* who) {
  fmt::print("{:21}  {:17}  {:>11}  {:>10}  {:>7}  {:>8}  {}\n", way, seen.held_by, seen.bytes.sent,
             seen.bytes.received, seen.made.reads, seen.made.writes, who);
}

bool arrived(const result& seen) { return seen.bytes.received == amount && seen.bytes.same; }

bool run_once() {
  const auto copied = send_through(proxy::way::copied);
  const auto spliced = copied ? send_through(proxy::way::spliced) : std::nullopt;
  if (!spliced) return false;
  fmt::print("{:21}  {:17}  {:>11}  {:>10}  {:>7}  {:>8}  {}\n", "way", "held by", "bytes there", "bytes back",
             "read()s", "write()s", "who moved the bytes");
  print("copied by the proxy", *copied, "the proxy");
  print("spliced by the kernel", *spliced, "the kernel; the proxy slept");
  return arrived(*copied) && arrived(*spliced) && spliced->made.reads == 0 && spliced->made.writes == 0;
}

}  // namespace

int main(int count, char** arguments) {
  shared::watch_for_interrupts();
  utsname system{};
  ::uname(&system);
  fmt::print("bpflink {} on Linux {}: a client, a proxy and an echo server\n\n", BPFLINK_VERSION, system.release);
  if (!shared::enter_own_network()) {
    std::perror("cannot make a network namespace");
    return 1;
  }
  const long rounds = count > 1 ? std::atol(arguments[1]) : 1;
  bool good = true;
  for (long round = 0; good && round < rounds && !shared::interrupted(); ++round) good = run_once();
  if (shared::interrupted()) {
    fmt::print("\ninterrupted: the proxy has ended, and its namespace with it\n");
    return 130;
  }
  fmt::print("\n{}\n", good ? "all bytes came back, and the spliced proxy touched none" : "it did not work");
  return good ? 0 : 1;
}
