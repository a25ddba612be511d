// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>

#include "bpflink/detail/export.hpp"
#include "bpflink/detail/literal.hpp"
#include "bpflink/error.hpp"
#include "bpflink/info.hpp"
#include "bpflink/link.hpp"
#include "bpflink/netns_target.hpp"
#include "bpflink/program.hpp"
#include "bpflink/required.hpp"

namespace bpflink {

/// A place in the order of a netfilter hook: the lowest number runs first. The kernel gives each to one BPF program
/// only, and to none whose number another hook (iptables, nftables, connection tracking) has there already: beside one
/// of those take a number beside its own, `netfilter_priority::filter - 1`.
class netfilter_priority {
 public:
  static const netfilter_priority raw_before_defragment;  ///< Before fragments are put together. -450.
  static const netfilter_priority defragment;             ///< Where fragments are put together. -400.
  static const netfilter_priority raw;                    ///< The "raw" table. -300.
  static const netfilter_priority conntrack;              ///< Connection tracking. -200.
  static const netfilter_priority mangle;                 ///< The "mangle" table. -150.
  static const netfilter_priority nat_destination;        ///< Address translation of destinations. -100.
  static const netfilter_priority filter;                 ///< The "filter" table. 0.
  static const netfilter_priority security;               ///< The "security" table. 50.
  static const netfilter_priority nat_source;             ///< Address translation of sources. 100.

  /// Written as a literal; the ends of the range, which the kernel keeps to itself, do not compile.
  BPFLINK_LITERAL netfilter_priority(int literal) noexcept
      BPFLINK_LITERAL_IF(literal, literal > -0x7fffffff - 1 && literal < 0x7fffffff,
                         "the ends of the range are the kernel's own")
      : netfilter_priority{checked(literal), runtime{}} {}
  /// Known at run time; nothing for what the kernel keeps to itself.
  [[nodiscard]] static constexpr std::optional<netfilter_priority> from(long long number) noexcept {
    if (number <= lowest || number >= highest) return std::nullopt;
    return netfilter_priority{static_cast<std::int32_t>(number), runtime{}};
  }

  /// The bare number.
  [[nodiscard]] constexpr std::int32_t value() const noexcept { return value_; }
  /// By number: what is less runs first.
  [[nodiscard]] friend constexpr auto operator<=>(netfilter_priority, netfilter_priority) noexcept = default;

 private:
  struct runtime {};
  constexpr netfilter_priority(std::int32_t number, runtime) noexcept : value_{number} {}
  BPFLINK_REFUSED_LITERAL(the_ends_of_the_range_are_the_kernels_own)
  static BPFLINK_LITERAL std::int32_t checked(int literal) {
    if (literal <= lowest || literal >= highest) the_ends_of_the_range_are_the_kernels_own();
    return literal;
  }

  static constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
  static constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();
  std::int32_t value_;
};

/// So many places behind, both known when it is compiled; what is not in the range does not compile.
[[nodiscard]] BPFLINK_LITERAL netfilter_priority operator+(netfilter_priority place, int distance) noexcept
    BPFLINK_LITERAL_IF(place.value() + distance,
                       netfilter_priority::from(static_cast<long long>(place.value()) + distance),
                       "the ends of the range are the kernel's own") {
  return *netfilter_priority::from(static_cast<long long>(place.value()) + distance);
}
/// So many places before, both known when it is compiled; what is not in the range does not compile.
[[nodiscard]] BPFLINK_LITERAL netfilter_priority operator-(netfilter_priority place, int distance) noexcept
    BPFLINK_LITERAL_IF(place.value() - distance,
                       netfilter_priority::from(static_cast<long long>(place.value()) - distance),
                       "the ends of the range are the kernel's own") {
  return *netfilter_priority::from(static_cast<long long>(place.value()) - distance);
}

inline constexpr netfilter_priority netfilter_priority::raw_before_defragment{-450};
inline constexpr netfilter_priority netfilter_priority::defragment{-400};
inline constexpr netfilter_priority netfilter_priority::raw{-300};
inline constexpr netfilter_priority netfilter_priority::conntrack{-200};
inline constexpr netfilter_priority netfilter_priority::mangle{-150};
inline constexpr netfilter_priority netfilter_priority::nat_destination{-100};
inline constexpr netfilter_priority netfilter_priority::filter{0};
inline constexpr netfilter_priority netfilter_priority::security{50};
inline constexpr netfilter_priority netfilter_priority::nat_source{100};

/// What to attach to a netfilter hook.
struct netfilter_options {
  netns_target netns = netns_target::current();  ///< The network namespace whose packets these are.
  required<netfilter_family> family;             ///< Required. Which packets.
  required<netfilter_hook> hook;                 ///< Required. Where on their way.
  program_ref program;  ///< Required. A netfilter program: it returns 0 to drop a packet, 1 to accept it.
  netfilter_priority priority = netfilter_priority::filter;  ///< Its place in the hook's order.
  /// Have the kernel put fragments together before, so that the program sees whole datagrams; for priorities behind
  /// netfilter_priority::defragment. Since Linux 6.6 (BPF_F_NETFILTER_IP_DEFRAG).
  bool defragment = false;
};

/// Owns a program's attachment to a netfilter hook. Its program cannot be swapped: attach the next one with another
/// priority, and then close this one. The network namespace lives as long as the attachment does. Information on a
/// link that was detached is the same as before.
using netfilter_link = typed_link<link_type::netfilter>;

/// Attaches a program to a netfilter hook of a network namespace.
///
/// The program runs for packets that come by after this returns. Mechanism: a link. Another namespace than the calling
/// thread's is entered on a thread of the library's (CAP_SYS_ADMIN).
///
/// @errors bad_handle: the program's or namespace's descriptor is empty or closed. wrong_type: the program is not a
///         netfilter program. busy: something has this priority at this hook (cause slot_taken; the text says what is
///         known of it). invalid_argument: a family or hook that is none, or `defragment` with a priority that is not
///         behind netfilter_priority::defragment. not_supported: this kernel lacks netfilter links, or `defragment`
///         (cause missing_feature), or cannot put fragments together (cause missing_configuration: its module is
///         missing). A namespace that cannot be entered: not_found, invalid_argument (no network namespace),
///         permission_denied, limit (no thread can be made).
/// @since Linux 6.4
/// @kernel BPF_LINK_CREATE with BPF_NETFILTER (net/netfilter/nf_bpf_link.c)
[[nodiscard]] BPFLINK_API expected<netfilter_link> attach(const netfilter_options& options) noexcept;

}  // namespace bpflink
