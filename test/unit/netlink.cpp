// SPDX-License-Identifier: MIT
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "kernel/netlink_message.hpp"
#include "kernel/tc.hpp"
#include "kernel/xdp.hpp"
#include "support/catch.hpp"

namespace bpflink::kernel {

namespace {

using bytes = std::vector<std::byte>;
using kind = netlink_reply::kind;

constexpr std::uint32_t ours = 7;

template <class Value>
void append(bytes& to, const Value& value) {
  const auto* const from = reinterpret_cast<const std::byte*>(&value);
  for (std::size_t index = 0; index < sizeof value; ++index) to.push_back(from[index]);
}

void append_attribute(bytes& to, std::uint16_t type, std::string_view value) {
  append(to, nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), type});
  for (const char letter : value) to.push_back(static_cast<std::byte>(letter));
  to.resize(NLMSG_ALIGN(to.size()));
}

// A message with this content; its size in the header is right.
bytes message(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence, const bytes& content) {
  bytes made;
  append(made, nlmsghdr{static_cast<std::uint32_t>(sizeof(nlmsghdr) + content.size()), type, flags, sequence, 0});
  for (const auto one : content) made.push_back(one);
  made.resize(NLMSG_ALIGN(made.size()));
  return made;
}

// An acknowledgement with the kernel's words, which repeats a request of this size.
bytes acknowledgement(int error, std::string_view words, std::size_t repeated = 0, std::uint32_t sequence = ours) {
  bytes content;
  const auto request = static_cast<std::uint32_t>(sizeof(nlmsghdr) + repeated);
  append(content, nlmsgerr{error, nlmsghdr{request, RTM_SETLINK, 0, sequence, 0}});
  content.resize(content.size() + NLMSG_ALIGN(repeated));
  std::uint16_t flags = repeated == 0 ? NLM_F_CAPPED : 0;
  if (!words.empty()) {
    append_attribute(content, NLMSGERR_ATTR_OFFS, "1234");
    append_attribute(content, NLMSGERR_ATTR_MSG, words);
    flags |= NLM_F_ACK_TLVS;
  }
  return message(NLMSG_ERROR, flags, sequence, content);
}

bytes joined(const bytes& first, const bytes& second) {
  bytes both = first;
  for (const auto one : second) both.push_back(one);
  return both;
}

netlink_reply read(const bytes& datagram, std::uint16_t wanted = 0) { return read_reply(datagram, ours, wanted); }

}  // namespace

TEST_CASE("netlink: requests have the kernel's layout", "[netlink]") {
  netlink_message made{RTM_SETLINK, netlink_ack, interface_message{.index = 5}};
  const auto nested = made.begin(IFLA_XDP | NLA_F_NESTED);
  made.add(IFLA_XDP_FD, std::int32_t{-1}).add(IFLA_XDP_FLAGS, std::uint32_t{xdp_generic | xdp_replace}).end(nested);
  made.add(IFLA_GROUP, std::uint8_t{3});

  bytes expected;
  append(expected, nlmsghdr{60, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 9, 0});
  ifinfomsg interface {};
  interface.ifi_index = 5;
  append(expected, interface);
  append(expected, nlattr{20, IFLA_XDP | NLA_F_NESTED});
  append(expected, nlattr{8, IFLA_XDP_FD});
  append(expected, std::int32_t{-1});
  append(expected, nlattr{8, IFLA_XDP_FLAGS});
  append(expected, std::uint32_t{XDP_FLAGS_SKB_MODE | XDP_FLAGS_REPLACE});
  append_attribute(expected, IFLA_GROUP, "\3");

  const auto finished = made.finish(9);
  CHECK(bytes(finished.begin(), finished.end()) == expected);
}

TEST_CASE("netlink: requests on traffic control have the kernel's layout", "[netlink]") {
  netlink_message made{RTM_NEWTFILTER, netlink_echo | netlink_create | netlink_if_none,
                       traffic_message{.index = 5, .handle = 6, .parent = 7, .info = 8}};
  made.add_text(TCA_KIND, "bpf").add_text(TCA_CHAIN, "clsact");

  bytes expected;
  append(expected, nlmsghdr{56, RTM_NEWTFILTER, NLM_F_REQUEST | NLM_F_ECHO | NLM_F_CREATE | NLM_F_EXCL, 9, 0});
  tcmsg about{};
  about.tcm_ifindex = 5;
  about.tcm_handle = 6;
  about.tcm_parent = 7;
  about.tcm_info = 8;
  append(expected, about);
  append_attribute(expected, TCA_KIND, {"bpf\0", 4});
  append_attribute(expected, TCA_CHAIN, {"clsact\0", 7});

  const auto finished = made.finish(9);
  CHECK(bytes(finished.begin(), finished.end()) == expected);
  CHECK(netlink_dump == NLM_F_DUMP);
  CHECK(netlink_replace == NLM_F_REPLACE);
  CHECK(static_cast<std::uint32_t>(clsact_hook::ingress) == TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
  CHECK(static_cast<std::uint32_t>(clsact_hook::egress) == TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
}

TEST_CASE("netlink: a list is taken message by message, to its end", "[netlink]") {
  bytes list = message(RTM_NEWTFILTER, NLM_F_MULTI, ours, bytes(20));
  list = joined(list, message(RTM_NEWTFILTER, NLM_F_MULTI, ours - 1, bytes(24)));
  list = joined(list, message(RTM_NEWTFILTER, NLM_F_MULTI, ours, bytes(28)));
  bytes status;
  append(status, std::int32_t{0});
  const auto ended = joined(list, message(NLMSG_DONE, NLM_F_MULTI, ours, status));
  std::span<const std::byte> rest{ended};
  const auto next = [&rest] { return take_reply(rest, ours, RTM_NEWTFILTER); };
  CHECK(next().payload.size() == 20);
  CHECK(next().payload.size() == 28);
  CHECK(next().what == kind::acknowledged);
  CHECK(rest.empty());
  CHECK(next().what == kind::none);

  const auto end_of = [&](std::int32_t error) {
    bytes told;
    append(told, error);
    return read(message(NLMSG_DONE, NLM_F_MULTI, ours, told));
  };
  CHECK(end_of(-EBUSY).what == kind::refused);
  CHECK(end_of(-EBUSY).error == EBUSY);
  CHECK(end_of(1).what == kind::malformed);
  CHECK(end_of(-5000).what == kind::malformed);
  CHECK(read(message(NLMSG_DONE, NLM_F_MULTI, ours, {})).what == kind::acknowledged);
}

TEST_CASE("netlink: a request that has no room is not made", "[netlink]") {
  netlink_message made{RTM_SETLINK, 0, interface_message{}};
  const std::array<std::byte, 100> large{};
  made.add(1, large).add(2, large);
  CHECK_FALSE(made.finish(1).empty());
  made.add(3, large);
  CHECK(made.finish(1).empty());
  netlink_message unclosed{RTM_SETLINK, 0, interface_message{}};
  const auto nested = unclosed.begin(1);
  for (int more = 0; more < 10; ++more) unclosed.add(2, large);
  unclosed.end(nested);
  CHECK(unclosed.finish(1).empty());
}

TEST_CASE("netlink: acknowledgements are told, with words where there are some", "[netlink]") {
  CHECK(read(acknowledgement(0, "")).what == kind::acknowledged);
  const auto refused = read(acknowledgement(-EBUSY, ""));
  CHECK(refused.what == kind::refused);
  CHECK(refused.error == EBUSY);
  CHECK(refused.words.empty());
  for (const std::size_t repeated : {0U, 1U, 20U, 64U}) {
    const auto datagram = acknowledgement(-EEXIST, {"in use\0", 7}, repeated);
    const auto worded = read(datagram);
    CHECK(worded.what == kind::refused);
    CHECK(worded.error == EEXIST);
    CHECK(worded.words == "in use");
  }
  const auto unterminated = acknowledgement(-EEXIST, "in use");
  CHECK(read(unterminated).words == "in use");
}

TEST_CASE("netlink: what answers another request is passed over", "[netlink]") {
  const auto stale = acknowledgement(-EPERM, "", 0, ours - 1);
  CHECK(read(stale).what == kind::none);
  CHECK(read({}).what == kind::none);
  CHECK(read(joined(stale, acknowledgement(0, ""))).what == kind::acknowledged);
  CHECK(read(message(RTM_NEWLINK, 0, ours, bytes(16))).what == kind::none);
  const auto wanted = joined(message(RTM_NEWLINK, 0, ours - 1, bytes(16)), message(RTM_NEWLINK, 0, ours, bytes(20)));
  const auto data = read(wanted, RTM_NEWLINK);
  CHECK(data.what == kind::data);
  CHECK(data.payload.size() == 20);
}

TEST_CASE("netlink: what is no message is told", "[netlink]") {
  const auto whole = acknowledgement(-EBUSY, {"in use\0", 7});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    INFO(size);
    CHECK(read(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).what == kind::malformed);
  }
  const auto with_size = [&](std::uint32_t size) {
    auto changed = whole;
    std::memcpy(changed.data(), &size, sizeof size);
    return read(changed).what;
  };
  for (const std::uint32_t size : {0U, 15U, 16U, 35U, 1000U, 0xfffffff0U, 0xffffffffU}) {
    INFO(size);
    CHECK(with_size(size) == kind::malformed);
  }
  CHECK(read(acknowledgement(1, "")).what == kind::malformed);
  CHECK(read(acknowledgement(-5000, "")).what == kind::malformed);
  CHECK(read(acknowledgement(std::numeric_limits<int>::min(), "")).what == kind::malformed);
}

TEST_CASE("netlink: a repeated request of a false size gives no words and no harm", "[netlink]") {
  auto lying = acknowledgement(-EBUSY, {"in use\0", 7}, 8);
  for (const std::uint32_t size : {0U, 3U, 100U, 0xfffffffcU, 0xffffffffU}) {
    INFO(size);
    std::memcpy(lying.data() + sizeof(nlmsghdr) + sizeof(int), &size, sizeof size);
    const auto reply = read(lying);
    CHECK(reply.what == kind::refused);
    CHECK(reply.error == EBUSY);
  }
}

TEST_CASE("netlink: attributes are found, and false sizes end the search", "[netlink]") {
  bytes attributes;
  append_attribute(attributes, 1, "odd");
  append_attribute(attributes, 2 | NLA_F_NESTED, "four");
  append_attribute(attributes, 3, "");
  CHECK(find_attribute(attributes, 1).size() == 3);
  CHECK(number_of<std::uint32_t>(find_attribute(attributes, 2)).has_value());
  CHECK(find_attribute(attributes, 3).empty());
  CHECK(find_attribute(attributes, 4).empty());
  CHECK_FALSE(number_of<std::uint32_t>(find_attribute(attributes, 1)));
  for (const auto size : std::array<std::uint16_t, 5>{0, 1, 3, 200, 0xffff}) {
    auto changed = attributes;
    std::memcpy(changed.data(), &size, sizeof size);
    CHECK(find_attribute(changed, 2).empty());
  }
}

TEST_CASE("netlink: no bytes do harm", "[netlink]") {
  std::mt19937 random{20240607};
  const auto whole = joined(acknowledgement(-EBUSY, {"in use\0", 7}, 12), message(RTM_NEWLINK, 0, ours, bytes(40)));
  for (int round = 0; round < 20000; ++round) {
    auto changed = whole;
    for (int changes = 0; changes < 3; ++changes) changed[random() % changed.size()] = static_cast<std::byte>(random());
    changed.resize(random() % (changed.size() + 1));
    const auto reply = read_reply(changed, ours, RTM_NEWLINK);
    const auto inside = [&changed](const void* at, std::size_t size) {
      const auto* const from = static_cast<const std::byte*>(at);
      return size == 0 || (from >= changed.data() && from + size <= changed.data() + changed.size());
    };
    REQUIRE(inside(reply.payload.data(), reply.payload.size()));
    REQUIRE(inside(reply.words.data(), reply.words.size()));
  }
}

}  // namespace bpflink::kernel
