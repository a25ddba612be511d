// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/interface_target.hpp"
#include "bpflink/netns_target.hpp"

namespace bpflink {

/// What a raw call attaches to. Which sort a hook takes is known for the hooks that this library knows, and any other
/// sort is refused:
///
/// | hook | target |
/// |---|---|
/// | cgroups | a descriptor of the cgroup's directory |
/// | sk_skb, sk_msg | a descriptor of the sockmap or sockhash |
/// | perf events | a descriptor of the event |
/// | LIRC | a descriptor of the device |
/// | XDP, tcx, netkit | an interface, of any network namespace |
/// | network namespaces | this_netns(); a link or query takes a descriptor as well |
/// | iterators, tp_btf, tracing, LSM, netfilter, multi probes | none() |
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
  /// An interface of any network namespace.
  raw_target(const interface_target& interface) noexcept
      : sort_{sort::interface}, interface_{interface.index().value()}, netns_{interface.netns()} {}
  /// The calling thread's network namespace.
  [[nodiscard]] static raw_target this_netns() noexcept { return raw_target{sort::this_netns}; }
  /// For hooks that have no target.
  [[nodiscard]] static raw_target none() noexcept { return raw_target{sort::none}; }

  /// The sorts of target.
  enum class sort : std::uint8_t {
    none,        ///< The hook has no target.
    descriptor,  ///< A descriptor: of a cgroup, map, event, device or network namespace.
    interface,   ///< A network interface.
    this_netns,  ///< The calling thread's network namespace.
  };
  /// Which sort it is.
  [[nodiscard]] sort which() const noexcept { return sort_; }
  /// The descriptor; nothing for other sorts.
  [[nodiscard]] fd_ref descriptor() const noexcept { return descriptor_; }
  /// The interface's index; 0 for other sorts.
  [[nodiscard]] std::uint32_t interface() const noexcept { return interface_; }
  /// The interface's network namespace; the calling thread's for other sorts.
  [[nodiscard]] const netns_target& netns() const noexcept { return netns_; }

 private:
  explicit raw_target(sort which) noexcept : sort_{which} {}

  sort sort_;
  fd_ref descriptor_;
  std::uint32_t interface_ = 0;
  netns_target netns_ = netns_target::current();
};

}  // namespace bpflink
