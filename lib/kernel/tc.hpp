// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/netlink.hpp"

// What rtnetlink does with direct-action BPF filters of the clsact qdisc. Interfaces are those of the socket's network
// namespace.
namespace bpflink::kernel {

// Where clsact has its filters: TC_H_CLSACT with TC_H_MIN_INGRESS, TC_H_MIN_EGRESS.
enum class clsact_hook : std::uint32_t { ingress = 0xfffffff2, egress = 0xfffffff3 };

// The qdisc in clsact's place, which an ingress qdisc can hold, too.
enum class clsact_state : std::uint8_t { none, clsact, other };
[[nodiscard]] netlink_result<clsact_state> query_clsact(int socket, std::uint32_t interface) noexcept;
// EEXIST where there is a qdisc.
[[nodiscard]] netlink_result<void> make_clsact(int socket, std::uint32_t interface) noexcept;
// With all of its filters.
[[nodiscard]] netlink_result<void> delete_clsact(int socket, std::uint32_t interface) noexcept;

struct filter_place {
  std::uint32_t interface;
  clsact_hook hook;
  std::uint16_t priority;  // 0: the kernel chooses
  std::uint32_t handle;    // 0: the kernel chooses
};

// What is at a place. Views are of the reply.
struct filter_state {
  std::uint16_t priority;
  std::uint32_t handle;   // 0: what all filters of the priority have in common
  std::string_view kind;  // "bpf"
  std::string_view name;  // of a BPF filter; empty for none
  std::uint32_t program;  // its id; 0 for other kinds
};

// A new filter for packets of all protocols: where it was put. EEXIST where there is one.
[[nodiscard]] netlink_result<filter_place> add_filter(int socket, const filter_place& where, std::int32_t program,
                                                      std::string_view name) noexcept;
// Another program for a filter that is there, in one step. ENOENT or EINVAL where there is none.
[[nodiscard]] netlink_result<void> replace_filter(int socket, const filter_place& where, std::int32_t program,
                                                  std::string_view name) noexcept;
// ENOENT or EINVAL where there is none.
[[nodiscard]] netlink_result<void> delete_filter(int socket, const filter_place& where) noexcept;
// The id of the program in a filter. ENOENT or EINVAL where there is none.
[[nodiscard]] netlink_result<std::uint32_t> program_of_filter(int socket, const filter_place& where) noexcept;

// Goes through the filters at a hook, of all priorities; none where there is no qdisc.
namespace detail {
using filter_visitor = void (*)(void* context, const filter_state& filter);
[[nodiscard]] netlink_result<void> list_filters(int socket, std::uint32_t interface, clsact_hook hook,
                                                filter_visitor visit, void* context) noexcept;
}  // namespace detail
template <class Function>
[[nodiscard]] netlink_result<void> each_filter(int socket, std::uint32_t interface, clsact_hook hook,
                                               Function&& function) noexcept {
  return detail::list_filters(
      socket, interface, hook,
      [](void* context, const filter_state& filter) {
        (*static_cast<std::remove_reference_t<Function>*>(context))(filter);
      },
      &function);
}

}  // namespace bpflink::kernel
