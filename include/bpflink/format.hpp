// SPDX-License-Identifier: MIT
#pragma once

/// fmt formatters for what the library says: errors, enumerations, ids, names and information. They need fmt 9.1 or
/// later in who includes this; no other header of the library does.
///
/// Words, names and lines take the format specification of a string ("{:>12}"), numbers that of an integer ("{:#x}").

#include <fmt/format.h>

#include "bpflink/bpflink.hpp"
#include "bpflink/detail/describe.hpp"

/// One line for a person: bpf_error::message(). The kernel's log is not in it.
template <>
struct fmt::formatter<bpflink::bpf_error> : bpflink::detail::line_formatter<bpflink::bpf_error> {};
/// "link 17: cgroup inet_egress in cgroup 348, program 255".
template <>
struct fmt::formatter<bpflink::link_info> : bpflink::detail::line_formatter<bpflink::link_info> {};
/// "program 255 by link 17".
template <>
struct fmt::formatter<bpflink::attached_program> : bpflink::detail::line_formatter<bpflink::attached_program> {};
/// A line on the hook, "2 programs in mode multi, revision 3", and one for each program, in their order.
template <>
struct fmt::formatter<bpflink::attached_programs> : bpflink::detail::line_formatter<bpflink::attached_programs> {};
/// "program 255: cgroup_skb 'drop', tag a04f5eef06a7f555, loaded by user 0, 12 runs in 345 ns".
template <>
struct fmt::formatter<bpflink::program_info> : bpflink::detail::line_formatter<bpflink::program_info> {};
/// "program 255 in native mode, held by link 17".
template <>
struct fmt::formatter<bpflink::xdp_programs> : bpflink::detail::line_formatter<bpflink::xdp_programs> {};
/// "xdp_links: yes, in Linux since 5.9".
template <>
struct fmt::formatter<bpflink::feature_report> : bpflink::detail::line_formatter<bpflink::feature_report> {};
/// "6.12".
template <>
struct fmt::formatter<bpflink::kernel_version> : bpflink::detail::line_formatter<bpflink::kernel_version> {};

/// The bare number.
template <class Tag, class Number>
struct fmt::formatter<bpflink::distinct_number<Tag, Number>> : fmt::formatter<Number> {
  /// As an integer.
  template <class Context>
  auto format(bpflink::distinct_number<Tag, Number> number, Context& context) const -> decltype(context.out()) {
    return fmt::formatter<Number>::format(number.value(), context);
  }
};
/// The bare number.
template <>
struct fmt::formatter<bpflink::ifindex> : fmt::formatter<std::uint32_t> {
  /// As an integer.
  template <class Context>
  auto format(bpflink::ifindex index, Context& context) const -> decltype(context.out()) {
    return fmt::formatter<std::uint32_t>::format(index.value(), context);
  }
};
/// The bare number.
template <>
struct fmt::formatter<bpflink::netfilter_priority> : fmt::formatter<std::int32_t> {
  /// As an integer.
  template <class Context>
  auto format(bpflink::netfilter_priority priority, Context& context) const -> decltype(context.out()) {
    return fmt::formatter<std::int32_t>::format(priority.value(), context);
  }
};
/// The characters.
template <std::size_t Capacity>
struct fmt::formatter<bpflink::bounded_string<Capacity>> : fmt::formatter<fmt::string_view> {
  /// As a string.
  template <class Context>
  auto format(const bpflink::bounded_string<Capacity>& text, Context& context) const -> decltype(context.out()) {
    return fmt::formatter<fmt::string_view>::format({text.c_str(), text.view().size()}, context);
  }
};

/// "not_supported".
template <>
struct fmt::formatter<bpflink::errc> : bpflink::detail::word_formatter<bpflink::errc> {};
/// "wrong_program_type".
template <>
struct fmt::formatter<bpflink::cause> : bpflink::detail::word_formatter<bpflink::cause> {};
/// "BPF_LINK_CREATE".
template <>
struct fmt::formatter<bpflink::operation> : bpflink::detail::word_formatter<bpflink::operation> {};
/// "program_multi".
template <>
struct fmt::formatter<bpflink::mechanism> : bpflink::detail::word_formatter<bpflink::mechanism> {};
/// "link_only".
template <>
struct fmt::formatter<bpflink::mechanism_choice> : bpflink::detail::word_formatter<bpflink::mechanism_choice> {};
/// "multi".
template <>
struct fmt::formatter<bpflink::attach_mode> : bpflink::detail::word_formatter<bpflink::attach_mode> {};
/// "reuseport".
template <>
struct fmt::formatter<bpflink::socket_hook> : bpflink::detail::word_formatter<bpflink::socket_hook> {};
/// "effective".
template <>
struct fmt::formatter<bpflink::attached_view> : bpflink::detail::word_formatter<bpflink::attached_view> {};
/// "xdp_links".
template <>
struct fmt::formatter<bpflink::feature> : bpflink::detail::word_formatter<bpflink::feature> {};
/// "refused".
template <>
struct fmt::formatter<bpflink::eviction> : bpflink::detail::word_formatter<bpflink::eviction> {};
/// "yes".
template <>
struct fmt::formatter<bpflink::availability> : bpflink::detail::word_formatter<bpflink::availability> {};

// Enumerations with the kernel's values: a number that this library does not know reads "unknown (99)".

/// "cgroup".
template <>
struct fmt::formatter<bpflink::link_type> : bpflink::detail::kernel_word_formatter<bpflink::link_type> {};
/// "cgroup_skb".
template <>
struct fmt::formatter<bpflink::program_type> : bpflink::detail::kernel_word_formatter<bpflink::program_type> {};
/// "cgroup_inet_egress".
template <>
struct fmt::formatter<bpflink::attach_type> : bpflink::detail::kernel_word_formatter<bpflink::attach_type> {};
/// "descendants_pre".
template <>
struct fmt::formatter<bpflink::cgroup_order> : bpflink::detail::kernel_word_formatter<bpflink::cgroup_order> {};
/// "ipv6".
template <>
struct fmt::formatter<bpflink::netfilter_family> : bpflink::detail::kernel_word_formatter<bpflink::netfilter_family> {};
/// "local_in".
template <>
struct fmt::formatter<bpflink::netfilter_hook> : bpflink::detail::kernel_word_formatter<bpflink::netfilter_hook> {};
/// "kretprobe".
template <>
struct fmt::formatter<bpflink::perf_event_kind> : bpflink::detail::kernel_word_formatter<bpflink::perf_event_kind> {};
/// "inet_egress".
template <>
struct fmt::formatter<bpflink::cgroup_hook> : bpflink::detail::kernel_word_formatter<bpflink::cgroup_hook> {};
/// "sk_lookup".
template <>
struct fmt::formatter<bpflink::netns_hook> : bpflink::detail::kernel_word_formatter<bpflink::netns_hook> {};
/// "ingress".
template <>
struct fmt::formatter<bpflink::tcx_hook> : bpflink::detail::kernel_word_formatter<bpflink::tcx_hook> {};
/// "primary".
template <>
struct fmt::formatter<bpflink::netkit_hook> : bpflink::detail::kernel_word_formatter<bpflink::netkit_hook> {};
/// "native".
template <>
struct fmt::formatter<bpflink::xdp_mode> : bpflink::detail::kernel_word_formatter<bpflink::xdp_mode> {};
/// "msg_verdict".
template <>
struct fmt::formatter<bpflink::sockmap_hook> : bpflink::detail::kernel_word_formatter<bpflink::sockmap_hook> {};
