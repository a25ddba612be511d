// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/interface_target.hpp"
#include "bpflink/link.hpp"
#include "bpflink/mechanism.hpp"
#include "bpflink/program.hpp"

namespace bpflink {

/// Where in an interface's receive path an XDP program runs, with the kernel's values (XDP_FLAGS_*_MODE).
enum class xdp_mode : std::uint32_t {
  automatic = 0,  ///< Native where the driver has XDP at all, else generic. No flag.
  generic = 2,    ///< After the kernel has made a socket buffer of the packet: every interface. XDP_FLAGS_SKB_MODE.
  native = 4,     ///< In the driver, before there is a socket buffer. XDP_FLAGS_DRV_MODE.
  offload = 8,    ///< On the device; takes a program that was loaded for it. XDP_FLAGS_HW_MODE.
};

/// The enumerator's name: "native".
[[nodiscard]] BPFLINK_API std::string_view to_string(xdp_mode mode) noexcept;

/// What to attach to an interface's receive path.
struct xdp_options {
  interface_target interface;           ///< Required. An interface, of any network namespace.
  program_ref program;                  ///< Required. An XDP program, not one for the entries of a device or CPU map.
  xdp_mode mode = xdp_mode::automatic;  ///< Where in the receive path.
  /// Whether netlink may serve where this kernel has no XDP links.
  mechanism_choice mechanism = mechanism_choice::best;
};

/// Owns a program's attachment to an interface. The interface can go away under it: then update() answers defunct.
using xdp_link = typed_link<link_type::xdp>;

/// Attaches a program to the receive path of an interface, where none is attached yet.
///
/// The program runs for packets that come after this returns. Mechanisms, the best that this kernel has: a link
/// (Linux 5.9); else netlink, which throws nobody out either: there update() and closing touch exactly our program
/// (atomically since 5.7; before, the kernel is asked first whose program it is), and the program stays attached where
/// this process dies. Through netlink the handle holds a socket of the interface's namespace, so that closing it does
/// the right thing on any thread.
///
/// @errors bad_handle: the program's descriptor is empty or closed. not_found: no interface has this index in this
///         namespace. busy: another program is attached (cause slot_taken; the text names it, and the link that holds
///         it where the kernel tells). wrong_type: the program is not an XDP program, or one for device or CPU maps.
///         A namespace that the interface is in and that cannot be entered: not_found, invalid_argument (no network
///         namespace), permission_denied.
///         not_supported: the interface's driver lacks the mode (cause driver), or this kernel lacks links where only a
///         link would do. permission_denied: CAP_NET_ADMIN is missing (netlink only). invalid_argument: `offload`
///         with a program that was not loaded for a device.
/// @since Linux 4.12; a link since 5.9
/// @kernel BPF_LINK_CREATE with BPF_XDP, RTM_SETLINK with IFLA_XDP (net/core/dev.c)
[[nodiscard]] BPFLINK_API expected<xdp_link> attach(const xdp_options& options) noexcept;

}  // namespace bpflink
