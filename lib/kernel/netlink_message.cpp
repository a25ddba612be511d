// SPDX-License-Identifier: MIT
#include "kernel/netlink_message.hpp"

#include <algorithm>
#include <limits>

namespace bpflink::kernel {

namespace {

constexpr std::uint16_t message_error = 2;        // NLMSG_ERROR
constexpr std::uint16_t message_done = 3;         // NLMSG_DONE
constexpr std::uint16_t flag_capped = 0x100;      // NLM_F_CAPPED: the request is not repeated but for its header
constexpr std::uint16_t flag_attributes = 0x200;  // NLM_F_ACK_TLVS: attributes follow
constexpr std::uint16_t attribute_words = 1;      // NLMSGERR_ATTR_MSG
constexpr std::size_t longest_attribute = std::numeric_limits<std::uint16_t>::max();

constexpr std::size_t aligned(std::size_t size) noexcept { return netlink_aligned(size); }

std::span<const std::byte> behind(std::span<const std::byte> bytes, std::size_t offset) noexcept {
  return offset < bytes.size() ? bytes.subspan(offset) : std::span<const std::byte>{};
}

// `content` is what follows the header of an NLMSG_ERROR message.
netlink_reply read_acknowledgement(std::span<const std::byte> content, std::uint16_t flags) noexcept {
  using kind = netlink_reply::kind;
  const auto error = number_of<std::int32_t>(content);
  const auto request = number_of<netlink_header>(behind(content, sizeof(std::int32_t)));
  // Errors are negative; no number of another kind is one.
  if (!error || !request || *error > 0 || *error < -4095) return {kind::malformed, 0, {}, {}};
  netlink_reply reply{*error == 0 ? kind::acknowledged : kind::refused, -*error, {}, {}};
  if ((flags & flag_attributes) != 0) {
    const auto repeated = (flags & flag_capped) != 0 ? sizeof(netlink_header) : aligned(request->size);
    const auto words = find_attribute(behind(content, sizeof(std::int32_t) + repeated), attribute_words);
    reply.words = text_of(words);
  }
  return reply;
}

// What ends a list says, too, how it ended.
netlink_reply read_end(std::span<const std::byte> content) noexcept {
  using kind = netlink_reply::kind;
  const auto error = number_of<std::int32_t>(content).value_or(0);
  if (error > 0 || error < -4095) return {kind::malformed, 0, {}, {}};
  return {error == 0 ? kind::acknowledged : kind::refused, -error, {}, {}};
}

}  // namespace

std::size_t netlink_message::begin(std::uint16_t type) noexcept {
  const auto at = size_;
  append(netlink_attribute_header{0, type});
  return at;
}

void netlink_message::end(std::size_t at) noexcept {
  static_assert(sizeof bytes_ <= longest_attribute);
  if (!fits_) return;
  const auto size = static_cast<std::uint16_t>(size_ - at);
  std::memcpy(bytes_.data() + at, &size, sizeof size);
  size_ = aligned(size_);
}

std::span<const std::byte> netlink_message::finish(std::uint32_t sequence) noexcept {
  if (!fits_) return {};
  const auto size = static_cast<std::uint32_t>(size_);
  std::memcpy(bytes_.data() + offsetof(netlink_header, size), &size, sizeof size);
  std::memcpy(bytes_.data() + offsetof(netlink_header, sequence), &sequence, sizeof sequence);
  return std::span{bytes_}.first(size_);
}

std::span<const std::byte> find_attribute(std::span<const std::byte> attributes, std::uint16_t type) noexcept {
  std::span<const std::byte> found;
  each_attribute(attributes, [&](std::uint16_t of, std::span<const std::byte> value) {
    if (of == type) found = value;
    return of != type;
  });
  return found;
}

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  const std::string_view all{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return all.substr(0, all.find('\0'));
}

netlink_reply take_reply(std::span<const std::byte>& datagram, std::uint32_t sequence, std::uint16_t wanted) noexcept {
  using kind = netlink_reply::kind;
  while (!datagram.empty()) {
    const auto header = number_of<netlink_header>(datagram);
    if (!header || header->size < sizeof *header || header->size > datagram.size()) return {kind::malformed, 0, {}, {}};
    const auto content = datagram.subspan(sizeof *header, header->size - sizeof *header);
    datagram = behind(datagram, aligned(header->size));
    if (header->sequence != sequence) continue;
    if (header->type == message_error) return read_acknowledgement(content, header->flags);
    if (header->type == message_done) return read_end(content);
    if (wanted != 0 && header->type == wanted) return {kind::data, 0, {}, content};
  }
  return {};
}

netlink_reply read_reply(std::span<const std::byte> datagram, std::uint32_t sequence, std::uint16_t wanted) noexcept {
  return take_reply(datagram, sequence, wanted);
}

}  // namespace bpflink::kernel
