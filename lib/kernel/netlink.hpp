// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "bpflink/bounded_string.hpp"
#include "bpflink/fd.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/result.hpp"

// rtnetlink: one request, one answer. A socket belongs to the network namespace that it was made in, and stays there
// whichever thread uses it.
namespace bpflink::kernel {

// What the kernel said to a request: nothing but that it failed, and why.
struct netlink_failure {
  failure why;
  bounded_string<192> words;  // the extended acknowledgement; empty where there is none
  bool answered = true;       // false: the answer never came, and the request may have been carried out
};

template <class T>
using netlink_result = tl::expected<T, netlink_failure>;

// Whether refusals are to come with the kernel's words, where it has some: two calls more.
enum class netlink_words : std::uint8_t { wanted, unwanted };

// In the calling thread's network namespace; close-on-exec.
[[nodiscard]] result<unique_fd> open_rtnetlink(netlink_words words = netlink_words::wanted) noexcept;

// Has a request carried out.
[[nodiscard]] netlink_result<void> netlink_do(int socket, netlink_message& request, operation call) noexcept;

// Asks for one message of a type; what is behind its header lies in `buffer`.
[[nodiscard]] netlink_result<std::span<const std::byte>> netlink_ask(int socket, netlink_message& request,
                                                                     std::uint16_t wanted, std::span<std::byte> buffer,
                                                                     operation call) noexcept;

// Asks for a list of messages of a type; `visit` gets what is behind the header of each. To the end: a list that was
// not read keeps the socket from the next one.
using netlink_visitor = void (*)(void* context, std::span<const std::byte> content);
[[nodiscard]] netlink_result<void> netlink_list(int socket, netlink_message& request, std::uint16_t wanted,
                                                std::span<std::byte> buffer, operation call, netlink_visitor visit,
                                                void* context) noexcept;

}  // namespace bpflink::kernel
