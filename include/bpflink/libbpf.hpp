// SPDX-License-Identifier: MIT
#pragma once

/// libbpf loads, bpflink attaches. Needs libbpf's headers, and libbpf itself, in who includes this; nothing else of the
/// library does.

#include <bpf/libbpf.h>

#include <concepts>
#include <utility>

#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/link.hpp"
#include "bpflink/map.hpp"
#include "bpflink/program.hpp"

namespace bpflink {

/// Borrows a program of a libbpf object, which stays its owner and must outlive the use. A program that is not loaded
/// borrows nothing: whatever it is given to answers bad_handle.
[[nodiscard]] inline program_ref borrow(const ::bpf_program* loaded) noexcept {
  return fd_ref{loaded != nullptr ? ::bpf_program__fd(loaded) : -1};
}

/// Borrows a map of a libbpf object, which stays its owner and must outlive the use. A map that is not made yet borrows
/// nothing: whatever it is given to answers bad_handle.
[[nodiscard]] inline map_ref borrow(const ::bpf_map* made) noexcept {
  return fd_ref{made != nullptr ? ::bpf_map__fd(made) : -1};
}

/// The kinds whose attachment is in the link's descriptor alone, also where libbpf made it. A perf event link of
/// libbpf's has a second descriptor that cannot be had from outside, and destroying it disables the event.
template <class Link>
concept adoptable_from_libbpf = (std::same_as<Link, typed_link<Link::kind>> && Link::kind != link_type::unspecified &&
                                 Link::kind != link_type::perf_event);

/// Takes a link over from libbpf: `adopt<cgroup_link>(skeleton->links.filter)`. The program is attached all the while,
/// and a pin stays. On success libbpf's link is destroyed and the pointer null; on failure both are as they were.
///
/// @errors bad_handle: the pointer is null, or the link has no descriptor (USDT). wrong_type: a link of another kind,
///         or what libbpf has for a link on kernels without them. system: the process is out of descriptors.
/// @since Linux 5.7
template <adoptable_from_libbpf Link>
[[nodiscard]] expected<Link> adopt(::bpf_link*& link) noexcept {
  unique_fd theirs = unique_fd::adopt(link != nullptr ? ::bpf_link__fd(link) : -1);
  auto second = theirs.duplicate();
  static_cast<void>(theirs.release());
  if (!second) return tl::unexpected(std::move(second).error());
  auto ours = Link::adopt(*std::move(second));
  if (ours) static_cast<void>(::bpf_link__destroy(std::exchange(link, nullptr)));
  return ours;
}

}  // namespace bpflink
