// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "bpflink/detail/export.hpp"
#include "bpflink/detail/literal.hpp"
#include "bpflink/error.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

/// A number with a meaning: two of different meanings neither compare nor convert.
template <class Tag, class Number>
class distinct_number {
 public:
  /// Gives the number its meaning.
  constexpr explicit distinct_number(Number number) noexcept : number_{number} {}
  /// The bare number.
  [[nodiscard]] constexpr Number value() const noexcept { return number_; }
  /// By number.
  [[nodiscard]] friend constexpr auto operator<=>(distinct_number, distinct_number) noexcept = default;

 private:
  Number number_;
};

/// Identifies a bpf_link on this machine. Never 0, and not reused while the link lives.
using link_id = distinct_number<struct link_id_tag, std::uint32_t>;
/// Identifies a loaded program on this machine.
using program_id = distinct_number<struct program_id_tag, std::uint32_t>;
/// Identifies a BPF map on this machine.
using map_id = distinct_number<struct map_id_tag, std::uint32_t>;
/// Identifies a BTF object on this machine.
using btf_id = distinct_number<struct btf_id_tag, std::uint32_t>;
/// A process, or one of its threads, by its number in the caller's PID namespace.
using process_id = distinct_number<struct process_id_tag, std::uint32_t>;
/// A value that the program reads with bpf_get_attach_cookie(); 0 is what it reads where none was given.
using cookie = distinct_number<struct cookie_tag, std::uint64_t>;
/// Counts the changes of an ordered hook (tcx, netkit, cgroup).
using revision = distinct_number<struct revision_tag, std::uint64_t>;

/// The index of a network interface in a network namespace: 1 or more.
class ifindex {
 public:
  /// An index written as a literal; `ifindex{0}` does not compile.
  BPFLINK_LITERAL ifindex(int literal) noexcept
      BPFLINK_LITERAL_IF(literal, literal > 0, "an interface index is 1 or more")
      : ifindex{checked(literal), runtime{}} {}
  /// An index known at run time; nothing where it cannot be one.
  [[nodiscard]] static constexpr std::optional<ifindex> from(long long number) noexcept {
    if (number < 1 || number > 0x7fffffff) return std::nullopt;
    return ifindex{static_cast<std::uint32_t>(number), runtime{}};
  }
  /// The index of the interface with this name in the calling thread's network namespace.
  ///
  /// @errors not_found: no interface has this name. invalid_argument: the name is empty or longer than 15 bytes.
  ///         system: no socket could be had.
  /// @kernel SIOCGIFINDEX (net/core/dev_ioctl.c)
  [[nodiscard]] BPFLINK_API static expected<ifindex> from_name(zstring_view name) noexcept;

  /// The bare number.
  [[nodiscard]] constexpr std::uint32_t value() const noexcept { return value_; }
  /// By number.
  [[nodiscard]] friend constexpr auto operator<=>(ifindex, ifindex) noexcept = default;

 private:
  struct runtime {};
  constexpr ifindex(std::uint32_t number, runtime) noexcept : value_{number} {}
  friend class interface_target;
  BPFLINK_REFUSED_LITERAL(an_interface_index_is_1_or_more)
  static BPFLINK_LITERAL std::uint32_t checked(int literal) {
    if (literal <= 0) an_interface_index_is_1_or_more();
    return static_cast<std::uint32_t>(literal);
  }

  std::uint32_t value_;
};

}  // namespace bpflink
