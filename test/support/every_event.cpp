// SPDX-License-Identifier: MIT
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "bpffs_fixture.hpp"
#include "loopback.hpp"
#include "traffic.hpp"

namespace bpflink::test {

namespace {

void ask_names(int socket) {
  sockaddr_storage address{};
  for (const auto ask : {&::getsockname, &::getpeername}) {
    socklen_t size = sizeof(address);
    ask(socket, reinterpret_cast<sockaddr*>(&address), &size);
  }
}

// recvmsg and not read: the hooks are where a sender's address is asked for.
void take_datagram(int socket) {
  sockaddr_storage from{};
  char byte = 0;
  iovec buffer{&byte, 1};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof(from);
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  if (wait_for(socket, POLLIN, patience)) ::recvmsg(socket, &message, MSG_DONTWAIT);
}

void set_and_get_option(int socket) {
  int value = 1;
  socklen_t size = sizeof(value);
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &value, size);
  ::getsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &value, &size);
}

void exchange_datagram(family f) {
  const fd receiver = make_socket(f, SOCK_DGRAM);
  const fd sender = make_socket(f, SOCK_DGRAM);
  if (!receiver || !sender || bind_loopback(receiver.get(), f) != 0) return;
  const loopback to(f, own_port(receiver.get()));
  if (::sendto(sender.get(), "x", 1, MSG_NOSIGNAL, to.get(), to.size()) == 1) take_datagram(receiver.get());
  set_and_get_option(sender.get());
}

void exchange_stream(family f) {
  const fd listener = make_socket(f, SOCK_STREAM);
  const fd client = make_socket(f, SOCK_STREAM);
  if (!listener || !client || bind_loopback(listener.get(), f) != 0 || ::listen(listener.get(), 1) != 0) return;
  if (connect_to(client.get(), loopback(f, own_port(listener.get())), patience) != 0) return;
  ask_names(client.get());
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

void exchange_unix(const directory_fixture& directory) {
  const auto make = [](int type) { return fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); };
  const auto bind_to = [](const fd& socket, const sockaddr_un& address) {
    return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  };
  const sockaddr_un stream = unix_address(directory / "stream");
  const fd listener = make(SOCK_STREAM);
  const fd client = make(SOCK_STREAM);
  // The client has a name as well, else getsockname has none to tell.
  if (bind_to(client, unix_address(directory / "client")) && bind_to(listener, stream) &&
      ::listen(listener.get(), 1) == 0 &&
      ::connect(client.get(), reinterpret_cast<const sockaddr*>(&stream), sizeof(stream)) == 0) {
    ask_names(client.get());
  }
  const sockaddr_un datagram = unix_address(directory / "datagram");
  const fd receiver = make(SOCK_DGRAM);
  const fd sender = make(SOCK_DGRAM);
  // The sender has a name as well: only then there is an address to receive.
  if (bind_to(receiver, datagram) && bind_to(sender, unix_address(directory / "sender"))) {
    const auto* const to = reinterpret_cast<const sockaddr*>(&datagram);
    if (::sendto(sender.get(), "x", 1, MSG_NOSIGNAL, to, sizeof(datagram)) == 1) take_datagram(receiver.get());
  }
}

}  // namespace

void every_cgroup_event() {
  for (const family f : {family::ipv4, family::ipv6}) {
    exchange_datagram(f);
    exchange_stream(f);
  }
  exchange_unix(directory_fixture());
  read_sysctl();
  open_device();
}

}  // namespace bpflink::test
