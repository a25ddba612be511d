// SPDX-License-Identifier: MIT
#include "kernel/tc.hpp"

#include <arpa/inet.h>

#include <array>
#include <cerrno>

namespace bpflink::kernel {

namespace {

// The types of messages and attributes (rtnetlink.h, pkt_cls.h).
constexpr std::uint16_t message_new_qdisc = 36;  // RTM_NEWQDISC
constexpr std::uint16_t message_delete_qdisc = 37;
constexpr std::uint16_t message_get_qdisc = 38;
constexpr std::uint16_t message_new_filter = 44;  // RTM_NEWTFILTER
constexpr std::uint16_t message_delete_filter = 45;
constexpr std::uint16_t message_get_filter = 46;
constexpr std::uint16_t tc_kind = 1;     // TCA_KIND
constexpr std::uint16_t tc_options = 2;  // TCA_OPTIONS, in which are:
constexpr std::uint16_t nested = 0x8000;
constexpr std::uint16_t bpf_fd = 6;
constexpr std::uint16_t bpf_name = 7;
constexpr std::uint16_t bpf_flags = 8;
constexpr std::uint16_t bpf_id = 11;

constexpr std::uint32_t direct_action = 1;  // TCA_BPF_FLAG_ACT_DIRECT: what the program answers is the verdict
constexpr std::uint16_t all_protocols = 3;  // ETH_P_ALL
constexpr std::uint32_t clsact_handle = 0xffff0000;
constexpr std::uint32_t clsact_parent = 0xfffffff1;  // TC_H_CLSACT

constexpr std::string_view kind_clsact = "clsact";
constexpr std::string_view kind_bpf = "bpf";
// Filters of other kinds can be long; the kernel never puts more into one message of a list.
constexpr std::size_t room = 32768;

traffic_message on_clsact(std::uint32_t interface) noexcept {
  return {.index = static_cast<std::int32_t>(interface), .handle = clsact_handle, .parent = clsact_parent};
}

traffic_message at(const filter_place& where) noexcept {
  return {.index = static_cast<std::int32_t>(where.interface),
          .handle = where.handle,
          .parent = static_cast<std::uint32_t>(where.hook),
          .info = std::uint32_t{where.priority} << 16U | htons(all_protocols)};
}

void add_program(netlink_message& message, std::int32_t program, std::string_view name) noexcept {
  message.add_text(tc_kind, kind_bpf);
  const auto options = message.begin(tc_options | nested);
  message.add(bpf_fd, program).add_text(bpf_name, name).add(bpf_flags, direct_action).end(options);
}

struct told_filter {
  traffic_message about;
  filter_state state;
};

std::optional<told_filter> read_filter(std::span<const std::byte> content) noexcept {
  const auto about = number_of<traffic_message>(content);
  if (!about) return std::nullopt;
  const auto attributes = content.subspan(sizeof *about);
  const auto kind = text_of(find_attribute(attributes, tc_kind));
  const auto options = find_attribute(attributes, tc_options);
  const bool bpf = kind == kind_bpf;
  return told_filter{*about,
                     {.priority = static_cast<std::uint16_t>(about->info >> 16U),
                      .handle = about->handle,
                      .kind = kind,
                      .name = bpf ? text_of(find_attribute(options, bpf_name)) : std::string_view{},
                      .program = bpf ? number_of<std::uint32_t>(find_attribute(options, bpf_id)).value_or(0) : 0}};
}

tl::unexpected<netlink_failure> no_answer(operation call) noexcept {
  return tl::unexpected(netlink_failure{.why = {call, EBADMSG}, .words = {}, .answered = false});
}

}  // namespace

netlink_result<clsact_state> query_clsact(int socket, std::uint32_t interface) noexcept {
  std::array<std::byte, 4096> buffer;
  // Kernels before 6.4 tell it to those who listen to changes, and to the caller by this flag.
  netlink_message message{message_get_qdisc, netlink_echo, on_clsact(interface)};
  const auto answer = netlink_ask(socket, message, message_new_qdisc, buffer, operation::netlink_get_qdisc);
  if (!answer) {
    const auto& failed = answer.error();
    if (failed.why.number == ENOENT || failed.why.number == EINVAL) return clsact_state::none;
    return tl::unexpected(failed);
  }
  if (answer->size() < sizeof(traffic_message)) return no_answer(operation::netlink_get_qdisc);
  const auto kind = text_of(find_attribute(answer->subspan(sizeof(traffic_message)), tc_kind));
  return kind == kind_clsact ? clsact_state::clsact : clsact_state::other;
}

netlink_result<void> make_clsact(int socket, std::uint32_t interface) noexcept {
  netlink_message message{message_new_qdisc, netlink_ack | netlink_create | netlink_if_none, on_clsact(interface)};
  message.add_text(tc_kind, kind_clsact);
  return netlink_do(socket, message, operation::netlink_new_qdisc);
}

netlink_result<void> delete_clsact(int socket, std::uint32_t interface) noexcept {
  netlink_message message{message_delete_qdisc, netlink_ack, on_clsact(interface)};
  return netlink_do(socket, message, operation::netlink_delete_qdisc);
}

netlink_result<filter_place> add_filter(int socket, const filter_place& where, std::int32_t program,
                                        std::string_view name) noexcept {
  std::array<std::byte, 4096> buffer;
  // The echo says where the kernel put it.
  netlink_message message{message_new_filter, netlink_echo | netlink_create | netlink_if_none, at(where)};
  add_program(message, program, name);
  const auto answer = netlink_ask(socket, message, message_new_filter, buffer, operation::netlink_new_filter);
  if (!answer) return tl::unexpected(answer.error());
  const auto told = read_filter(*answer);
  if (!told || told->state.handle == 0) return no_answer(operation::netlink_new_filter);
  return filter_place{where.interface, where.hook, told->state.priority, told->state.handle};
}

netlink_result<void> replace_filter(int socket, const filter_place& where, std::int32_t program,
                                    std::string_view name) noexcept {
  netlink_message message{message_new_filter, netlink_ack | netlink_replace, at(where)};
  add_program(message, program, name);
  return netlink_do(socket, message, operation::netlink_new_filter);
}

netlink_result<void> delete_filter(int socket, const filter_place& where) noexcept {
  netlink_message message{message_delete_filter, netlink_ack, at(where)};
  message.add_text(tc_kind, kind_bpf);
  return netlink_do(socket, message, operation::netlink_delete_filter);
}

netlink_result<std::uint32_t> program_of_filter(int socket, const filter_place& where) noexcept {
  std::array<std::byte, 4096> buffer;
  netlink_message message{message_get_filter, 0, at(where)};
  message.add_text(tc_kind, kind_bpf);
  const auto answer = netlink_ask(socket, message, message_new_filter, buffer, operation::netlink_get_filter);
  if (!answer) return tl::unexpected(answer.error());
  const auto told = read_filter(*answer);
  if (!told || told->state.program == 0) return no_answer(operation::netlink_get_filter);
  return told->state.program;
}

netlink_result<void> detail::list_filters(int socket, std::uint32_t interface, clsact_hook hook, filter_visitor visit,
                                          void* context) noexcept {
  struct job {
    filter_visitor visit;
    void* context;
  } todo{visit, context};
  std::array<std::byte, room> buffer;
  netlink_message message{
      message_get_filter, netlink_dump,
      traffic_message{.index = static_cast<std::int32_t>(interface), .parent = static_cast<std::uint32_t>(hook)}};
  return netlink_list(
      socket, message, message_new_filter, buffer, operation::netlink_get_filter,
      [](void* job_of, std::span<const std::byte> content) {
        const auto told = read_filter(content);
        const auto& work = *static_cast<job*>(job_of);
        if (told) work.visit(work.context, told->state);
      },
      &todo);
}

}  // namespace bpflink::kernel
