// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"

namespace bpflink {

/// What a raw call attaches to: a descriptor, an interface, or nothing. Cgroup hooks take a descriptor of the cgroup's
/// directory, sk_skb and sk_msg hooks one of the map, perf events one of the event, LIRC one of the device; XDP, tcx
/// and netkit take an interface; iterators, tp_btf, tracing and LSM nothing. Network namespaces are descriptors to
/// links, while attaching without a link knows the calling thread's only, and takes nothing.
class raw_target {
 public:
  /// By descriptor, borrowed for the length of the call.
  raw_target(fd_ref descriptor) noexcept : sort_{sort::descriptor}, descriptor_{descriptor} {}
  /// By descriptor.
  raw_target(const unique_fd& descriptor) noexcept : sort_{sort::descriptor}, descriptor_{descriptor} {}
  raw_target(unique_fd&&) = delete;
  raw_target(const unique_fd&&) = delete;
  /// An interface in the calling thread's network namespace.
  raw_target(ifindex interface) noexcept : sort_{sort::interface}, interface_{interface.value()} {}
  /// For hooks that have no target.
  [[nodiscard]] static raw_target none() noexcept { return {}; }

  /// The three sorts of target.
  enum class sort : std::uint8_t { none, descriptor, interface };
  /// Which sort it is.
  [[nodiscard]] sort which() const noexcept { return sort_; }
  /// The descriptor; nothing for other sorts.
  [[nodiscard]] fd_ref descriptor() const noexcept { return descriptor_; }
  /// The interface's index; 0 for other sorts.
  [[nodiscard]] std::uint32_t interface() const noexcept { return interface_; }

 private:
  raw_target() noexcept = default;

  sort sort_ = sort::none;
  fd_ref descriptor_;
  std::uint32_t interface_ = 0;
};

}  // namespace bpflink
