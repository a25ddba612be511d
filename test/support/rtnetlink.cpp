// SPDX-License-Identifier: MIT
#include "rtnetlink.hpp"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <span>
#include <vector>

#include "fd.hpp"
#include "netns_fixture.hpp"
#include "privileges.hpp"

namespace bpflink::test {

namespace {

// A request: a netlink header, an ifinfomsg, attributes.
class request {
  static ifinfomsg message_on(unsigned ifindex) {
    ifinfomsg interface {};
    interface.ifi_family = AF_UNSPEC;
    interface.ifi_index = static_cast<int>(ifindex);
    return interface;
  }

 public:
  request(std::uint16_t type, std::uint16_t flags, const ifinfomsg& interface) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    append(&header, sizeof(header));
    append(&interface, sizeof(interface));
  }
  request(std::uint16_t type, std::uint16_t flags, unsigned ifindex = 0) : request(type, flags, message_on(ifindex)) {}

  void append_interface() {
    const auto interface = message_on(0);
    append(&interface, sizeof(interface));
  }

  void add(std::uint16_t type, const void* data, std::size_t size) {
    const std::size_t at = open(type);
    append(data, size);
    close(at);
  }
  void add(std::uint16_t type, const std::string& text) { add(type, text.c_str(), text.size() + 1); }

  // An attribute of attributes: all that is added before the close() is in it.
  std::size_t open(std::uint16_t type) {
    const std::size_t at = bytes_.size();
    const nlattr header{0, type};
    append(&header, sizeof(header));
    return at;
  }
  void close(std::size_t at) {
    const auto size = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &size, sizeof(size));
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }

  std::span<const std::byte> done() {
    const auto size = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &size, sizeof(size));
    return bytes_;
  }

 private:
  void append(const void* data, std::size_t size) {
    const auto* from = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
  }

  std::vector<std::byte> bytes_;
};

// The kernel's first answer, a message of the type that was asked for or an NLMSG_ERROR.
std::vector<std::byte> answer(std::span<const std::byte> message) {
  const fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) throw_error(errno, "making a netlink socket");
  if (::send(socket.get(), message.data(), message.size(), 0) < 0) throw_error(errno, "sending to rtnetlink");
  std::vector<std::byte> bytes(32768);
  const ssize_t length = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
  if (length < static_cast<ssize_t>(sizeof(nlmsghdr))) throw_error(length < 0 ? errno : EPROTO, "reading rtnetlink");
  bytes.resize(static_cast<std::size_t>(length));
  return bytes;
}

template <typename T>
T read_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value{};
  if (offset + sizeof(T) <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// 0 or the errno of an acknowledgement.
int acknowledged(request& asked) {
  const std::vector<std::byte> bytes = answer(asked.done());
  return -read_at<nlmsgerr>(bytes, sizeof(nlmsghdr)).error;
}

void check(int error, const std::string& doing) {
  if (error != 0) throw_error(error, doing);
}

// The attribute of this type among these.
std::span<const std::byte> find(std::span<const std::byte> attributes, std::uint16_t type) {
  while (attributes.size() >= sizeof(nlattr)) {
    const auto header = read_at<nlattr>(attributes, 0);
    if (header.nla_len < sizeof(nlattr) || header.nla_len > attributes.size()) break;
    if ((header.nla_type & NLA_TYPE_MASK) == type)
      return attributes.subspan(sizeof(nlattr), header.nla_len - sizeof(nlattr));
    const std::size_t next = NLMSG_ALIGN(header.nla_len);
    if (next >= attributes.size()) break;
    attributes = attributes.subspan(next);
  }
  return {};
}

// Both kinds number the attribute with their peer alike: VETH_INFO_PEER, IFLA_NETKIT_PEER_INFO.
int make_pair(const std::string& kind, const std::string& name, const std::string& peer) {
  request make(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  make.add(IFLA_IFNAME, name);
  const std::size_t info = make.open(IFLA_LINKINFO);
  make.add(IFLA_INFO_KIND, kind);
  const std::size_t data = make.open(IFLA_INFO_DATA);
  const std::size_t other = make.open(VETH_INFO_PEER);
  make.append_interface();
  make.add(IFLA_IFNAME, peer);
  make.close(other);
  make.close(data);
  make.close(info);
  return acknowledged(make);
}

// A socket that hears what happens to interfaces.
fd news_of_interfaces() {
  fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK;
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&groups), sizeof(groups)) != 0) {
    throw_error(errno, "listening to rtnetlink");
  }
  return socket;
}

// IF_OPER_UP: <linux/if.h> does not go together with <net/if.h>.
constexpr std::uint8_t operational_up = 6;

// The interfaces that these messages call up.
std::set<unsigned> found_up(std::span<const std::byte> messages) {
  std::set<unsigned> up;
  while (messages.size() >= sizeof(nlmsghdr)) {
    const auto header = read_at<nlmsghdr>(messages, 0);
    if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > messages.size()) break;
    if (header.nlmsg_type == RTM_NEWLINK && header.nlmsg_len >= sizeof(nlmsghdr) + sizeof(ifinfomsg)) {
      const auto attributes = messages.first(header.nlmsg_len).subspan(sizeof(nlmsghdr) + sizeof(ifinfomsg));
      if (read_at<std::uint8_t>(find(attributes, IFLA_OPERSTATE), 0) == operational_up) {
        up.insert(static_cast<unsigned>(read_at<ifinfomsg>(messages, sizeof(nlmsghdr)).ifi_index));
      }
    }
    messages = messages.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), messages.size()));
  }
  return up;
}

// IFF_UP is not enough: a worker of the kernel's connects the queues once it has seen the carrier. Until then what is
// sent is dropped, and sendto(2) does not say so. When it is done it spreads the news.
void await_up(const fd& news, std::set<unsigned> interfaces) {
  std::vector<std::byte> bytes(32768);
  while (!interfaces.empty()) {
    pollfd waiting{news.get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience * 1000)) != 1)
      throw_error(ETIMEDOUT, "waiting for an interface to come up");
    const ssize_t length = ::recv(news.get(), bytes.data(), bytes.size(), 0);
    if (length < 0) throw_error(errno, "reading rtnetlink");
    for (const unsigned up : found_up(std::span(bytes).first(static_cast<std::size_t>(length)))) interfaces.erase(up);
  }
}

}  // namespace

std::string needs_veth() {
  static const std::string answer = [] {
    if (std::string reason = needs_root(); !reason.empty()) return reason;
    int error = 0;
    netns_fixture().run([&error] { error = make_pair("veth", "veth0", "veth1"); });
    return error == 0 ? std::string() : std::string("needs veth interfaces: ") + std::strerror(error);
  }();
  return answer;
}

void create_veth(const std::string& name, const std::string& peer) {
  check(make_pair("veth", name, peer), "making a veth pair");
  const fd news = news_of_interfaces();
  for (const std::string& end : {name, peer}) {
    // Else the kernel sends router solicitations when it likes, which programs would count.
    write_file("/proc/sys/net/ipv6/conf/" + end + "/disable_ipv6", "1");
    set_up(end);
  }
  await_up(news, {ifindex_of(name), ifindex_of(peer)});
}

int create_netkit(const std::string& name, const std::string& peer) { return make_pair("netkit", name, peer); }

int create_bond(const std::string& name, const std::string& port) {
  request make(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  make.add(IFLA_IFNAME, name);
  const std::size_t info = make.open(IFLA_LINKINFO);
  make.add(IFLA_INFO_KIND, "bond");
  make.close(info);
  if (const int error = acknowledged(make)) return error;
  set_up(name);
  // A bond takes ports that are down, and sets them up.
  ifinfomsg down{};
  down.ifi_index = static_cast<int>(ifindex_of(port));
  down.ifi_change = IFF_UP;
  request enslave(RTM_SETLINK, NLM_F_ACK, down);
  const std::uint32_t master = ifindex_of(name);
  enslave.add(IFLA_MASTER, &master, sizeof(master));
  return acknowledged(enslave);
}

int create_macvlan(const std::string& name, const std::string& lower) {
  const std::uint32_t below = ifindex_of(lower);
  request make(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  make.add(IFLA_IFNAME, name);
  make.add(IFLA_LINK, &below, sizeof(below));
  const std::size_t info = make.open(IFLA_LINKINFO);
  make.add(IFLA_INFO_KIND, "macvlan");
  make.close(info);
  const int error = acknowledged(make);
  if (error == 0) set_up(name);
  return error;
}

void delete_interface(const std::string& name) {
  request drop(RTM_DELLINK, NLM_F_ACK, ifindex_of(name));
  check(acknowledged(drop), "deleting interface " + name);
}

void set_up(const std::string& name) {
  const fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq asked{};
  name.copy(asked.ifr_name, IFNAMSIZ - 1);
  if (!socket || ::ioctl(socket.get(), SIOCGIFFLAGS, &asked) != 0) throw_error(errno, "finding interface " + name);
  asked.ifr_flags = static_cast<short>(asked.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &asked) != 0) throw_error(errno, "setting interface " + name + " up");
}

unsigned ifindex_of(const std::string& name) { return ::if_nametoindex(name.c_str()); }

xdp_state xdp_of(unsigned ifindex) {
  request ask(RTM_GETLINK, 0, ifindex);
  const std::vector<std::byte> bytes = answer(ask.done());
  const auto header = read_at<nlmsghdr>(bytes, 0);
  if (header.nlmsg_type == NLMSG_ERROR) {
    throw_error(-read_at<nlmsgerr>(bytes, sizeof(nlmsghdr)).error, "asking about an interface");
  }
  const auto attributes = std::span<const std::byte>(bytes).subspan(sizeof(nlmsghdr) + sizeof(ifinfomsg));
  const auto xdp = find(attributes, IFLA_XDP);
  return {read_at<std::uint8_t>(find(xdp, IFLA_XDP_ATTACHED), 0),
          read_at<std::uint32_t>(find(xdp, IFLA_XDP_PROG_ID), 0)};
}

int netlink_xdp(unsigned ifindex, int program_fd, std::uint32_t flags) {
  request set(RTM_SETLINK, NLM_F_ACK, ifindex);
  const std::size_t xdp = set.open(IFLA_XDP | NLA_F_NESTED);
  set.add(IFLA_XDP_FD, &program_fd, sizeof(program_fd));
  set.add(IFLA_XDP_FLAGS, &flags, sizeof(flags));
  set.close(xdp);
  return acknowledged(set);
}

}  // namespace bpflink::test
