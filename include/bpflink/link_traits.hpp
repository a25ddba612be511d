// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/kinds.hpp"

namespace bpflink {

/// What the kernel lets a link of each kind do. A kernel test asks the kernel about every row.
struct link_capabilities {
  bool update = false;      ///< Its program can be swapped (BPF_LINK_UPDATE).
  bool detach = false;      ///< It can be made to let go at once (BPF_LINK_DETACH).
  bool iterate = false;     ///< Reading it runs the program (BPF_ITER_CREATE).
  bool update_map = false;  ///< Its map can be swapped: what is attached is a map, no program (BPF_LINK_UPDATE).
  bool poll = false;        ///< poll(2) tells that it was detached. Since Linux 6.11.
};

/// The capabilities of a kind; all off for an unknown one. Every bpf_link can be pinned and asked for information.
[[nodiscard]] constexpr link_capabilities capabilities_of(link_type type) noexcept {
  switch (type) {
    case link_type::cgroup:
    case link_type::netns:
    case link_type::xdp:
    case link_type::tcx:
    case link_type::netkit:
    case link_type::sockmap:
      return {.update = true, .detach = true};
    case link_type::struct_ops:
      return {.detach = true, .update_map = true, .poll = true};
    case link_type::iterator:
      return {.update = true, .iterate = true};
    case link_type::netfilter:
      return {.detach = true};
    case link_type::unspecified:
    case link_type::raw_tracepoint:
    case link_type::tracing:
    case link_type::perf_event:
    case link_type::kprobe_multi:
    case link_type::uprobe_multi:
    case link_type::tracing_multi:
      break;
  }
  return {};
}

}  // namespace bpflink
