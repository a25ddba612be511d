// SPDX-License-Identifier: MIT
#include "kernel/xdp.hpp"

#include <array>
#include <cerrno>

namespace bpflink::kernel {

namespace {

// The types of messages and attributes (rtnetlink.h, if_link.h).
constexpr std::uint16_t message_link = 16;  // RTM_NEWLINK
constexpr std::uint16_t message_get_link = 18;
constexpr std::uint16_t message_set_link = 19;
constexpr std::uint16_t link_master = 10;    // IFLA_MASTER
constexpr std::uint16_t link_ext_mask = 29;  // IFLA_EXT_MASK: more, or less, to be told
constexpr std::uint16_t link_xdp = 43;       // IFLA_XDP, in which are:
constexpr std::uint16_t nested = 0x8000;     // NLA_F_NESTED
constexpr std::uint16_t xdp_fd = 1;
constexpr std::uint16_t xdp_attached = 2;
constexpr std::uint16_t xdp_flags = 3;
constexpr std::uint16_t xdp_program_id = 4;
constexpr std::uint16_t xdp_native_id = 5;
constexpr std::uint16_t xdp_generic_id = 6;
constexpr std::uint16_t xdp_offload_id = 7;
constexpr std::uint16_t xdp_expected_fd = 8;

// What IFLA_XDP_ATTACHED says where one program is attached (XDP_ATTACHED_*).
constexpr std::uint8_t attached_native = 1;
constexpr std::uint8_t attached_generic = 2;
constexpr std::uint8_t attached_offload = 3;

// RTEXT_FILTER_SKIP_STATS (Linux 4.6): the sums over all processors take longer than all the rest.
constexpr std::uint32_t without_statistics = 1U << 3;

interface_message message_on(std::uint32_t interface) noexcept {
  return {.index = static_cast<std::int32_t>(interface)};
}

netlink_message set_message(std::uint32_t interface) noexcept {
  return {message_set_link, netlink_ack, message_on(interface)};
}

// The values of the types up to the last, each the first of its type, in one pass.
template <std::uint16_t Last>
class attribute_values {
 public:
  explicit attribute_values(std::span<const std::byte> attributes) noexcept {
    each_attribute(attributes, [this](std::uint16_t type, std::span<const std::byte> value) {
      if (type <= Last && values_[type].data() == nullptr) values_[type] = value;
      return true;
    });
  }
  template <class Number = std::uint32_t>
  [[nodiscard]] Number number(std::uint16_t type) const noexcept {
    return number_of<Number>(values_[type]).value_or(0);
  }

 private:
  std::array<std::span<const std::byte>, Last + 1> values_{};
};

xdp_state read_state(std::span<const std::byte> attributes) noexcept {
  const attribute_values<xdp_offload_id> xdp{find_attribute(attributes, link_xdp)};
  xdp_state state{.generic = xdp.number(xdp_generic_id),
                  .native = xdp.number(xdp_native_id),
                  .offload = xdp.number(xdp_offload_id)};
  // Before Linux 4.19 the kernel names one program, and its mode.
  const auto id = xdp.number(xdp_program_id);
  switch (xdp.number<std::uint8_t>(xdp_attached)) {
    case attached_native:
      state.native = id;
      break;
    case attached_generic:
      state.generic = id;
      break;
    case attached_offload:
      state.offload = id;
      break;
    default:
      break;
  }
  return state;
}

// Only virtual functions, which nobody asks for here, would make the answer longer.
using link_buffer = std::array<std::byte, 16384>;

// What the kernel tells of an interface.
netlink_result<std::span<const std::byte>> attributes_of(int socket, std::uint32_t interface,
                                                         link_buffer& buffer) noexcept {
  netlink_message message{message_get_link, 0, message_on(interface)};
  message.add(link_ext_mask, without_statistics);
  const auto answer = netlink_ask(socket, message, message_link, buffer, operation::netlink_get_link);
  if (!answer) return answer;
  const auto about = number_of<interface_message>(*answer);
  if (!about || about->index != static_cast<std::int32_t>(interface)) {
    return tl::unexpected(
        netlink_failure{.why = {operation::netlink_get_link, EBADMSG}, .words = {}, .answered = false});
  }
  return answer->subspan(sizeof *about);
}

}  // namespace

netlink_result<void> set_xdp(int socket, std::uint32_t interface, std::int32_t program, std::uint32_t flags) noexcept {
  auto message = set_message(interface);
  const auto xdp = message.begin(link_xdp | nested);
  message.add(xdp_fd, program).add(xdp_flags, flags).end(xdp);
  return netlink_do(socket, message, operation::netlink_set_xdp);
}

netlink_result<void> replace_xdp(int socket, std::uint32_t interface, std::int32_t program, std::int32_t expected,
                                 std::uint32_t flags) noexcept {
  auto message = set_message(interface);
  const auto xdp = message.begin(link_xdp | nested);
  message.add(xdp_fd, program).add(xdp_flags, flags | xdp_replace).add(xdp_expected_fd, expected).end(xdp);
  return netlink_do(socket, message, operation::netlink_set_xdp);
}

netlink_result<void> check_xdp_flags(int socket, std::uint32_t interface, std::uint32_t flags) noexcept {
  auto message = set_message(interface);
  const auto xdp = message.begin(link_xdp | nested);
  message.add(xdp_flags, flags).end(xdp);
  return netlink_do(socket, message, operation::netlink_set_xdp);
}

netlink_result<xdp_state> query_xdp(int socket, std::uint32_t interface) noexcept {
  link_buffer buffer;
  const auto attributes = attributes_of(socket, interface, buffer);
  if (!attributes) return tl::unexpected(attributes.error());
  return read_state(*attributes);
}

netlink_result<std::uint32_t> master_of(int socket, std::uint32_t interface) noexcept {
  link_buffer buffer;
  const auto attributes = attributes_of(socket, interface, buffer);
  if (!attributes) return tl::unexpected(attributes.error());
  return number_of<std::uint32_t>(find_attribute(*attributes, link_master)).value_or(0);
}

}  // namespace bpflink::kernel
