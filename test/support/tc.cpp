// SPDX-License-Identifier: MIT
#include "tc.hpp"

#include <arpa/inet.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <span>

#include "fd.hpp"

namespace bpflink::test {

namespace {

using bytes = std::vector<std::byte>;

template <typename T>
void append(bytes& to, const T& value) {
  const auto* const from = reinterpret_cast<const std::byte*>(&value);
  to.insert(to.end(), from, from + sizeof value);
}

constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

bytes attribute(std::uint16_t type, std::span<const std::byte> content) {
  bytes made;
  append(made, nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + content.size()), type});
  made.insert(made.end(), content.begin(), content.end());
  made.resize(aligned(made.size()));
  return made;
}
bytes attribute(std::uint16_t type, const std::string& text) {
  return attribute(type, std::as_bytes(std::span{text.c_str(), text.size() + 1}));
}
template <typename T>
bytes number(std::uint16_t type, const T& value) {
  return attribute(type, std::as_bytes(std::span{&value, 1}));
}

bytes message(std::uint16_t type, int flags, const tcmsg& about, const std::vector<bytes>& attributes = {}) {
  bytes made;
  append(made, nlmsghdr{0, type, static_cast<std::uint16_t>(NLM_F_REQUEST | flags), 1, 0});
  append(made, about);
  for (const auto& one : attributes) made.insert(made.end(), one.begin(), one.end());
  const auto size = static_cast<std::uint32_t>(made.size());
  std::memcpy(made.data(), &size, sizeof size);
  return made;
}

tcmsg about_qdisc(unsigned ifindex) {
  tcmsg about{};
  about.tcm_ifindex = static_cast<int>(ifindex);
  about.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  about.tcm_parent = TC_H_CLSACT;
  return about;
}

tcmsg about_filter(const tc_request& request) {
  tcmsg about{};
  about.tcm_ifindex = static_cast<int>(request.ifindex);
  about.tcm_handle = request.handle;
  about.tcm_parent = static_cast<std::uint32_t>(request.hook);
  about.tcm_info = TC_H_MAKE(static_cast<std::uint32_t>(request.priority) << 16U, htons(request.protocol));
  return about;
}

// Hands each message of the answer to `read`, up to an acknowledgement, whose errno this returns, or the list's end.
int ask(const bytes& request, const std::function<void(const nlmsghdr&, std::span<const std::byte>)>& read = {}) {
  const fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) throw_error(errno, "making a netlink socket");
  if (::send(socket.get(), request.data(), request.size(), 0) < 0) throw_error(errno, "sending to rtnetlink");
  for (;;) {
    bytes answer(65536);
    const ssize_t length = ::recv(socket.get(), answer.data(), answer.size(), 0);
    if (length < 0) throw_error(errno, "reading rtnetlink");
    std::span<const std::byte> rest{answer.data(), static_cast<std::size_t>(length)};
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header{};
      std::memcpy(&header, rest.data(), sizeof header);
      const auto content = rest.subspan(sizeof header, header.nlmsg_len - sizeof header);
      if (header.nlmsg_type == NLMSG_DONE) return 0;
      if (header.nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        std::memcpy(&error, content.data(), sizeof error);
        return -error;
      }
      if (read) read(header, content);
      rest = rest.subspan(std::min<std::size_t>(rest.size(), aligned(header.nlmsg_len)));
    }
  }
}

std::span<const std::byte> find(std::span<const std::byte> attributes, std::uint16_t type) {
  while (attributes.size() >= sizeof(nlattr)) {
    nlattr header{};
    std::memcpy(&header, attributes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > attributes.size()) break;
    if ((header.nla_type & NLA_TYPE_MASK) == type) {
      return attributes.subspan(sizeof header, header.nla_len - sizeof header);
    }
    attributes = attributes.subspan(std::min<std::size_t>(attributes.size(), aligned(header.nla_len)));
  }
  return {};
}
std::uint32_t number_in(std::span<const std::byte> attributes, std::uint16_t type) {
  std::uint32_t value = 0;
  const auto found = find(attributes, type);
  if (found.size() >= sizeof value) std::memcpy(&value, found.data(), sizeof value);
  return value;
}
std::string text_in(std::span<const std::byte> attributes, std::uint16_t type) {
  const auto found = find(attributes, type);
  return found.empty() ? std::string{} : std::string{reinterpret_cast<const char*>(found.data())};
}

}  // namespace

std::string ingress_qdisc(unsigned ifindex) {
  std::string kind;
  tcmsg all{};
  ask(message(RTM_GETQDISC, NLM_F_DUMP, all), [&](const nlmsghdr&, std::span<const std::byte> content) {
    tcmsg about{};
    std::memcpy(&about, content.data(), sizeof about);
    if (about.tcm_ifindex != static_cast<int>(ifindex) || about.tcm_parent != TC_H_CLSACT) return;
    kind = text_in(content.subspan(sizeof about), TCA_KIND);
  });
  return kind;
}

int make_qdisc(unsigned ifindex, const std::string& kind) {
  return ask(
      message(RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, about_qdisc(ifindex), {attribute(TCA_KIND, kind)}));
}

int delete_qdisc(unsigned ifindex) { return ask(message(RTM_DELQDISC, NLM_F_ACK, about_qdisc(ifindex))); }

std::vector<tc_filter> filters(unsigned ifindex, tc_hook hook) {
  std::vector<tc_filter> found;
  const auto read = [&](const nlmsghdr&, std::span<const std::byte> content) {
    tcmsg about{};
    std::memcpy(&about, content.data(), sizeof about);
    if (about.tcm_handle == 0) return;
    const auto attributes = content.subspan(sizeof about);
    const auto options = find(attributes, TCA_OPTIONS);
    const auto kind = text_in(attributes, TCA_KIND);
    const bool bpf = kind == "bpf";
    found.push_back({.priority = static_cast<std::uint16_t>(about.tcm_info >> 16U),
                     .handle = about.tcm_handle,
                     .program_id = bpf ? number_in(options, TCA_BPF_ID) : 0,
                     .kind = kind,
                     .direct_action = bpf && (number_in(options, TCA_BPF_FLAGS) & TCA_BPF_FLAG_ACT_DIRECT) != 0});
  };
  tcmsg about{};
  about.tcm_ifindex = static_cast<int>(ifindex);
  about.tcm_parent = static_cast<std::uint32_t>(hook);
  ask(message(RTM_GETTFILTER, NLM_F_DUMP, about), read);
  return found;
}

int add_filter(const tc_request& request) {
  bytes options = number(TCA_BPF_FD, request.program_fd);
  const auto flags = number(TCA_BPF_FLAGS, std::uint32_t{TCA_BPF_FLAG_ACT_DIRECT});
  options.insert(options.end(), flags.begin(), flags.end());
  return ask(message(RTM_NEWTFILTER, NLM_F_ACK | NLM_F_CREATE, about_filter(request),
                     {attribute(TCA_KIND, std::string{"bpf"}), attribute(TCA_OPTIONS | NLA_F_NESTED, options)}));
}

int delete_filter(const tc_request& request) { return ask(message(RTM_DELTFILTER, NLM_F_ACK, about_filter(request))); }

}  // namespace bpflink::test
