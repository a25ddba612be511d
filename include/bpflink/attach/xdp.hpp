// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/ids.hpp"
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
///         A namespace that the interface is in and that cannot be entered: bad_handle, not_found, invalid_argument (no
///         network namespace), permission_denied (CAP_SYS_ADMIN is missing), limit (no thread can be made).
///         not_supported: the interface's driver lacks the mode (cause driver), or this kernel lacks links where only a
///         link would do. permission_denied: CAP_NET_ADMIN is missing (netlink only). invalid_argument: `offload`
///         with a program that was not loaded for a device, or a mode that is none.
/// @since Linux 4.12; a link since 5.9
/// @kernel BPF_LINK_CREATE with BPF_XDP, RTM_SETLINK with IFLA_XDP (net/core/dev.c)
[[nodiscard]] BPFLINK_API expected<xdp_link> attach(const xdp_options& options) noexcept;

/// What to ask of an interface's receive path.
struct xdp_query {
  interface_target interface;  ///< Required. An interface, of any network namespace.
  /// Whether to find out who holds each program, too: that is a request for each of them, and a look through all links
  /// of the system.
  bool holders = false;
};

/// A program at an interface.
struct xdp_attached {
  program_id program;  ///< The program.
  /// What holds it: mechanism::link or mechanism::netlink. Nothing where that was not asked for, and where this process
  /// may not ask (CAP_NET_ADMIN).
  std::optional<mechanism> held_by = {};
  /// The link that holds it. Nothing where none does, where this process may not look (CAP_SYS_ADMIN), and where
  /// another link could be meant: one that holds the same program at an interface with the same index in another
  /// network namespace.
  std::optional<link_id> link = {};
};

/// What is attached to an interface's receive path, as query() found it. Generic and native exclude each other; a
/// program on the device can be beside either.
struct xdp_programs {
  std::optional<xdp_attached> generic = {};  ///< After the kernel has made a socket buffer of the packet.
  std::optional<xdp_attached> native = {};   ///< In the driver.
  std::optional<xdp_attached> offload = {};  ///< On the device.

  /// Whether there is none.
  [[nodiscard]] bool empty() const noexcept { return !generic && !native && !offload; }
  /// The one in a mode; for `automatic` the one that the kernel's host runs, native or generic.
  [[nodiscard]] const std::optional<xdp_attached>& in(xdp_mode mode) const noexcept {
    if (mode == xdp_mode::offload) return offload;
    if (mode == xdp_mode::generic) return generic;
    return mode == xdp_mode::native || native ? native : generic;
  }
  /// The mode of what is attached; nothing where nothing is, and `automatic` where there are two.
  [[nodiscard]] std::optional<xdp_mode> mode() const noexcept {
    if (empty()) return std::nullopt;
    const auto& host = in(xdp_mode::automatic);
    if (!host) return xdp_mode::offload;
    return offload ? xdp_mode::automatic : native ? xdp_mode::native : xdp_mode::generic;
  }
};

/// Asks what is attached to an interface's receive path, and how.
///
/// One request on one socket; with `holders` one more for each program, and the links of the system one by one.
///
/// @errors not_found: no interface has this index in this namespace. A namespace that cannot be entered: as attach().
///         system: no socket could be had, or the kernel's answer could not be read.
/// @since Linux 4.12; who holds it since 5.7
/// @kernel RTM_GETLINK with IFLA_XDP (net/core/rtnetlink.c)
[[nodiscard]] BPFLINK_API expected<xdp_programs> query(const xdp_query& asked) noexcept;

}  // namespace bpflink
