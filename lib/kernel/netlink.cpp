// SPDX-License-Identifier: MIT
#include "kernel/netlink.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "kernel/call.hpp"
#include "kernel/files.hpp"

namespace bpflink::kernel {

namespace {

// NETLINK_CAP_ACK (4.3): an acknowledgement does not repeat the request. NETLINK_EXT_ACK (4.12): it has words.
constexpr int option_short_acknowledgement = 10;
constexpr int option_words = 11;

// Requests of all sockets and threads have numbers of their own, so that no answer is taken for another's.
std::uint32_t next_sequence() noexcept {
  static std::atomic<std::uint32_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

void set(int socket, int option) noexcept {
  const int on = 1;
  // A kernel without it answers without words, and longer.
  static_cast<void>(::setsockopt(socket, SOL_NETLINK, option, &on, sizeof on));
}

tl::unexpected<netlink_failure> unanswered(operation call, int number) noexcept {
  return tl::unexpected(netlink_failure{.why = {call, number}, .words = {}, .answered = false});
}

int send(int socket, std::span<const std::byte> request) noexcept {
  long sent = -1;
  do sent = call(SYS_sendto, socket, request.data(), request.size(), 0, 0);  // to the kernel
  while (sent == -EINTR);
  return sent < 0 ? static_cast<int>(-sent) : 0;
}

// The kernel has answered before send() returns: an answer that is not there will not come.
result<std::span<const std::byte>> receive(int socket, std::span<std::byte> buffer, operation asked) noexcept {
  for (;;) {
    sockaddr_nl sender{};
    socklen_t length = sizeof sender;
    // MSG_TRUNC: the answer's own size, also where not all of it had room.
    const auto got =
        call(SYS_recvfrom, socket, buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC, &sender, &length);
    if (got == -EINTR) continue;
    if (got < 0) return tl::unexpected(failure{asked, static_cast<int>(-got)});
    if (length != sizeof sender || sender.nl_pid != 0) continue;  // not from the kernel
    const auto size = static_cast<std::size_t>(got);
    if (size > buffer.size()) return tl::unexpected(failure{asked, EMSGSIZE});
    return std::span<const std::byte>{buffer}.first(size);
  }
}

tl::unexpected<netlink_failure> refused(operation call, const netlink_reply& reply) noexcept {
  return tl::unexpected(netlink_failure{.why = {call, reply.error}, .words = bounded_string<192>{reply.words}});
}

// Sends a request; its number.
netlink_result<std::uint32_t> ask(int socket, netlink_message& request, operation call) noexcept {
  const auto sequence = next_sequence();
  const auto bytes = request.finish(sequence);
  const int error = bytes.empty() ? EMSGSIZE : send(socket, bytes);
  if (error != 0) return tl::unexpected(netlink_failure{.why = {call, error}, .words = {}});
  return sequence;
}

netlink_result<std::span<const std::byte>> transact(int socket, netlink_message& request, std::uint16_t wanted,
                                                    std::span<std::byte> buffer, operation call) noexcept {
  const auto sequence = ask(socket, request, call);
  if (!sequence) return tl::unexpected(sequence.error());
  for (;;) {
    const auto datagram = receive(socket, buffer, call);
    if (!datagram) return unanswered(call, datagram.error().number);
    const auto reply = read_reply(*datagram, *sequence, wanted);
    switch (reply.what) {
      case netlink_reply::kind::none:
        break;
      case netlink_reply::kind::malformed:
        return unanswered(call, EBADMSG);
      case netlink_reply::kind::acknowledged:
      case netlink_reply::kind::data:
        return reply.payload;
      case netlink_reply::kind::refused:
        return refused(call, reply);
    }
  }
}

}  // namespace

result<unique_fd> open_rtnetlink(netlink_words words) noexcept {
  auto socket = opened(operation::socket, call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (socket && words == netlink_words::wanted) {
    set(socket->get(), option_short_acknowledgement);
    set(socket->get(), option_words);
  }
  return socket;
}

netlink_result<void> netlink_do(int socket, netlink_message& request, operation call) noexcept {
  std::array<std::byte, 1024> buffer;
  const auto done = transact(socket, request, 0, buffer, call);
  if (!done) return tl::unexpected(done.error());
  return {};
}

netlink_result<std::span<const std::byte>> netlink_ask(int socket, netlink_message& request, std::uint16_t wanted,
                                                       std::span<std::byte> buffer, operation call) noexcept {
  const auto answer = transact(socket, request, wanted, buffer, call);
  // An acknowledgement without what was asked for is no answer.
  if (answer && answer->empty()) return unanswered(call, EBADMSG);
  return answer;
}

netlink_result<void> netlink_list(int socket, netlink_message& request, std::uint16_t wanted,
                                  std::span<std::byte> buffer, operation call, netlink_visitor visit,
                                  void* context) noexcept {
  const auto sequence = ask(socket, request, call);
  if (!sequence) return tl::unexpected(sequence.error());
  for (;;) {
    const auto datagram = receive(socket, buffer, call);
    if (!datagram) return unanswered(call, datagram.error().number);
    auto rest = *datagram;
    while (!rest.empty()) {
      const auto reply = take_reply(rest, *sequence, wanted);
      switch (reply.what) {
        case netlink_reply::kind::none:
          break;
        case netlink_reply::kind::malformed:
          return unanswered(call, EBADMSG);
        case netlink_reply::kind::acknowledged:
          return {};
        case netlink_reply::kind::data:
          visit(context, reply.payload);
          break;
        case netlink_reply::kind::refused:
          return refused(call, reply);
      }
    }
  }
}

}  // namespace bpflink::kernel
