// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/detail/export.hpp"
#include "bpflink/detail/literal.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/netns_target.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

/// A network interface: its index, and the network namespace in which the index means it.
///
/// Naming another namespace than the calling thread's costs a thread of the library's, which enters it (CAP_SYS_ADMIN);
/// the caller's threads stay where they are.
class interface_target {
 public:
  /// In the calling thread's network namespace.
  constexpr interface_target(ifindex index) noexcept : index_{index} {}
  /// By a literal index, in the calling thread's network namespace; `0` does not compile.
  BPFLINK_LITERAL interface_target(int literal) noexcept
      BPFLINK_LITERAL_IF(literal, literal > 0, "an interface index is 1 or more")
      : index_{ifindex::checked(literal), ifindex::runtime{}} {}
  /// In the given network namespace.
  constexpr interface_target(ifindex index, netns_target netns) noexcept : index_{index}, netns_{netns} {}
  /// The interface with this name in a network namespace. The target borrows what names the namespace: a path, or a
  /// descriptor, has to outlive it.
  ///
  /// @errors not_found: no interface has this name there. invalid_argument: the name is empty or longer than 15 bytes.
  ///         A namespace that cannot be entered: bad_handle, not_found, invalid_argument (no network namespace),
  ///         permission_denied (CAP_SYS_ADMIN is missing), limit (no thread can be made). system: no socket could be
  ///         had.
  /// @kernel SIOCGIFINDEX (net/core/dev_ioctl.c)
  [[nodiscard]] BPFLINK_API static expected<interface_target> from_name(
      zstring_view name, netns_target netns = netns_target::current()) noexcept;

  /// The index.
  [[nodiscard]] ifindex index() const noexcept { return index_; }
  /// The namespace.
  [[nodiscard]] const netns_target& netns() const noexcept { return netns_; }

 private:
  ifindex index_;
  netns_target netns_ = netns_target::current();
};

}  // namespace bpflink
