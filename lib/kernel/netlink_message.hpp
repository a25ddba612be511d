// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

// The bytes of netlink, without a socket: writing requests, and reading replies that nobody vouches for.
namespace bpflink::kernel {

inline constexpr std::uint16_t netlink_request = 0x01;   // NLM_F_REQUEST
inline constexpr std::uint16_t netlink_ack = 0x04;       // NLM_F_ACK
inline constexpr std::uint16_t netlink_echo = 0x08;      // NLM_F_ECHO: what was made is told
inline constexpr std::uint16_t netlink_dump = 0x300;     // NLM_F_DUMP
inline constexpr std::uint16_t netlink_replace = 0x100;  // NLM_F_REPLACE
inline constexpr std::uint16_t netlink_if_none = 0x200;  // NLM_F_EXCL
inline constexpr std::uint16_t netlink_create = 0x400;   // NLM_F_CREATE

// struct nlmsghdr.
struct netlink_header {
  std::uint32_t size;  // of the message, with this
  std::uint16_t type;
  std::uint16_t flags;
  std::uint32_t sequence;
  std::uint32_t port;
};

// struct nlattr, before each attribute.
struct netlink_attribute_header {
  std::uint16_t size;  // of the attribute, with this and without what aligns the next one
  std::uint16_t type;
};

// struct ifinfomsg, with which all requests on interfaces begin.
struct interface_message {
  std::uint8_t family = 0;
  std::uint8_t padding = 0;
  std::uint16_t type = 0;
  std::int32_t index = 0;
  std::uint32_t flags = 0;
  std::uint32_t change = 0;
};

// struct tcmsg, with which all requests on qdiscs and filters begin.
struct traffic_message {
  std::uint8_t family = 0;
  std::array<std::uint8_t, 3> padding{};
  std::int32_t index = 0;
  std::uint32_t handle = 0;
  std::uint32_t parent = 0;
  std::uint32_t info = 0;  // a filter's priority and protocol
};

[[nodiscard]] constexpr std::size_t netlink_aligned(std::size_t size) noexcept { return (size + 3) & ~std::size_t{3}; }

// A request in the making: a header, the family's own structure, attributes. What would not fit makes it unfit.
class netlink_message {
 public:
  template <class Family>
  netlink_message(std::uint16_t type, std::uint16_t flags, const Family& family) noexcept {
    append(netlink_header{0, type, static_cast<std::uint16_t>(netlink_request | flags), 0, 0});
    append(family);
  }

  template <class Value>
  netlink_message& add(std::uint16_t type, const Value& value) noexcept {
    const auto at = begin(type);
    append(value);
    end(at);
    return *this;
  }
  // A string, with its final NUL.
  netlink_message& add_text(std::uint16_t type, std::string_view text) noexcept {
    const auto at = begin(type);
    append(text.data(), text.size());
    append('\0');
    end(at);
    return *this;
  }
  // An attribute of attributes: all that is added before the end() of what this returns.
  [[nodiscard]] std::size_t begin(std::uint16_t type) noexcept;
  void end(std::size_t at) noexcept;

  // The finished request with this number; empty where not all had room.
  [[nodiscard]] std::span<const std::byte> finish(std::uint32_t sequence) noexcept;

 private:
  template <class Value>
  void append(const Value& value) noexcept {
    static_assert(std::is_trivially_copyable_v<Value>);
    append(&value, sizeof value);
  }
  void append(const void* value, std::size_t size) noexcept {
    if (netlink_aligned(size) > bytes_.size() - size_) {
      fits_ = false;
      return;
    }
    std::memcpy(bytes_.data() + size_, value, size);
    size_ += size;
  }

  alignas(4) std::array<std::byte, 256> bytes_{};
  std::size_t size_ = 0;
  bool fits_ = true;
};

// Shows each attribute's type and value, up to the end or what is no attribute, or until the visitor answers false.
template <class Visitor>
inline void each_attribute(std::span<const std::byte> attributes, const Visitor& visit) noexcept {
  constexpr std::uint16_t type_alone = 0x3fff;  // NLA_TYPE_MASK: without "nested" and "network byte order"
  netlink_attribute_header header;
  const auto* at = attributes.data();
  auto left = attributes.size();
  while (left >= sizeof header) {
    std::memcpy(&header, at, sizeof header);
    const auto size = header.size - sizeof header;  // immense where not even this has room
    if (size > left - sizeof header) return;
    const auto type = static_cast<std::uint16_t>(header.type & type_alone);
    if (!visit(type, std::span{at + sizeof header, size})) return;
    const auto next = netlink_aligned(header.size);
    if (next >= left) return;
    at += next;
    left -= next;
  }
}

// The value of the first attribute of a type; empty where there is none, or what is there is no attribute.
[[nodiscard]] std::span<const std::byte> find_attribute(std::span<const std::byte> attributes,
                                                        std::uint16_t type) noexcept;

// A number at the beginning of some bytes; nothing where they are too few.
template <class Number>
[[nodiscard]] std::optional<Number> number_of(std::span<const std::byte> bytes) noexcept {
  static_assert(std::is_trivially_copyable_v<Number>);
  if (bytes.size() < sizeof(Number)) return std::nullopt;
  Number number;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

// A string's characters, without the NUL.
[[nodiscard]] std::string_view text_of(std::span<const std::byte> bytes) noexcept;

// What a reply says about one of the requests.
struct netlink_reply {
  enum class kind : std::uint8_t {
    none,          // nothing about this request is in there
    malformed,     // the bytes are no netlink messages
    acknowledged,  // it was done, or the list that was asked for has ended
    refused,       // it was not: `error` and `words`
    data,          // the message asked for: `payload`
  };
  kind what = kind::none;
  int error = 0;                       // errno
  std::string_view words;              // the kernel's own, where it has some
  std::span<const std::byte> payload;  // behind the netlink header
};

// Reads a datagram that may hold several messages, up to the first that answers the request: an acknowledgement, the
// end of a list, or a message of the wanted type (0: none).
[[nodiscard]] netlink_reply read_reply(std::span<const std::byte> datagram, std::uint32_t sequence,
                                       std::uint16_t wanted) noexcept;
// The same, and takes what was read off the datagram: for lists.
[[nodiscard]] netlink_reply take_reply(std::span<const std::byte>& datagram, std::uint32_t sequence,
                                       std::uint16_t wanted) noexcept;

}  // namespace bpflink::kernel
