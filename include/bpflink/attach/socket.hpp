// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "bpflink/detail/attachment.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/link.hpp"
#include "bpflink/mechanism.hpp"
#include "bpflink/program.hpp"

namespace bpflink {

/// Borrows a socket for the length of a call; its owner must outlive it. The kernel checks what it is.
class socket_ref {
 public:
  /// Borrows a socket's descriptor that somebody else owns.
  constexpr socket_ref(fd_ref descriptor) noexcept : fd_{descriptor} {}
  /// Borrows a socket's descriptor.
  constexpr socket_ref(const unique_fd& descriptor) noexcept : fd_{descriptor} {}
  socket_ref(unique_fd&&) = delete;
  socket_ref(const unique_fd&&) = delete;

  /// The descriptor, borrowed.
  [[nodiscard]] constexpr fd_ref fd() const noexcept { return fd_; }

 private:
  fd_ref fd_;
};

/// What a socket has a program for.
enum class socket_hook : std::uint8_t {
  filter,     ///< What it receives: socket_filter programs. SO_ATTACH_BPF.
  reuseport,  ///< Which of the sockets that share its port gets what: SO_ATTACH_REUSEPORT_EBPF.
};

/// The enumerator's name: "reuseport".
[[nodiscard]] BPFLINK_API std::string_view to_string(socket_hook hook) noexcept;

/// Owns a program's attachment to a socket. Destroying it takes the program away again.
///
/// For that it holds a descriptor of the socket by itself: **the socket stays open as long as this does**, also where
/// every other descriptor of it is closed: a connection goes on, a port is in use, a listener goes on listening. So
/// let this go before the socket, as it does where it is declared behind it, or release() it: a program that is to
/// stay as long as its socket needs no owner.
///
/// The kernel does not tell which program a socket has. A filter is taken away or swapped only where a program filters
/// at all: a classic filter in its place, or none, is not ours. Somebody else's program in its place cannot be told
/// from ours, and a group of sockets does not tell anything: where several attach programs to one socket, they have to
/// agree among themselves. That is also why there is no update() with an expected old program.
template <socket_hook Hook>
class [[nodiscard]] socket_attachment {
 public:
  /// What the socket has the program for.
  static constexpr socket_hook hook = Hook;

  /// Swaps the program; at every moment the old or the new one is attached.
  ///
  /// @errors As attach(), and defunct: the program was detached, by this handle or by somebody else. conflict: a
  ///         classic filter is in its place. permission_denied: the socket's filter is locked (cause locked).
  [[nodiscard]] expected<void> update(program_ref next) noexcept { return handle_.update(next); }
  /// Takes the program away from the socket. The handle stays, and holds the socket. Detaching twice is no error.
  ///
  /// @errors not_found: somebody else had detached it. conflict: a classic filter is in its place, and stays.
  ///         permission_denied: the socket's filter is locked (cause locked), and the program stays.
  ///         not_supported: reuseport, before Linux 5.3: there the program stays as long as the sockets.
  [[nodiscard]] expected<void> detach() noexcept { return handle_.detach(); }
  /// Detaches as the destructor does, lets the socket go in every case, and reports. The handle is empty afterwards.
  ///
  /// @errors As detach(); bad_handle: empty.
  [[nodiscard]] expected<void> close() noexcept { return handle_.close(); }
  /// Lets go without detaching: the program stays with the socket from now on, and goes with it.
  void release() && noexcept { static_cast<void>(std::move(handle_).release()); }

  /// How it is held: socket_option; none for an empty handle.
  [[nodiscard]] bpflink::mechanism mechanism() const noexcept { return handle_.mechanism(); }
  /// False after a move, close() or release().
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  /// The same attachment in a handle of any kind, whose kind is unspecified: it is no link.
  [[nodiscard]] operator link_handle() && noexcept { return std::move(handle_); }

 private:
  friend struct detail::link_access;
  explicit socket_attachment(link_handle&& handle) noexcept : handle_{std::move(handle)} {}

  link_handle handle_;
};

/// Owns a socket's filter.
using socket_filter = socket_attachment<socket_hook::filter>;
/// Owns the program that chooses among the sockets that share a port.
using reuseport_selection = socket_attachment<socket_hook::reuseport>;

/// What to filter by what a socket receives.
struct socket_filter_options {
  socket_ref socket;    ///< Required. A socket of any family.
  program_ref program;  ///< Required. A socket_filter program: how much of a packet is received, in bytes; 0 drops it.
  /// Whether it takes the place of a filter that the socket has already. Else such a socket is refused.
  bool replace = false;
};

/// What to choose by among the sockets that share a port.
struct reuseport_options {
  /// Required. A TCP or UDP socket with SO_REUSEPORT: one that is bound stands for all that are bound with it; one that
  /// is not bound brings the program to those that it will be bound with.
  socket_ref socket;
  /// Required. An sk_reuseport program (Linux 4.19), which calls bpf_sk_select_reuseport(); or a socket_filter program,
  /// which returns the place of a socket in the order in which they were bound. It takes the place of whatever program
  /// the sockets have: the kernel does not tell of that.
  program_ref program;
};

/// Has a program decide what a socket receives: it runs for each packet or datagram that comes after this returns, and
/// what it drops is never seen by who reads.
///
/// Mechanism: a socket option. No capability is needed.
///
/// @errors bad_handle: the socket's or program's descriptor is empty or closed. wrong_type: it is no socket (cause
///         not_a_socket), or the program is not a socket_filter program. busy: the socket has a filter (cause
///         slot_taken); see `replace`. permission_denied: the socket's filter is locked (SO_LOCK_FILTER; cause locked).
///         system: out of memory, or of what net.core.optmem_max gives to one socket.
/// @since Linux 3.19
/// @kernel SO_ATTACH_BPF (net/core/filter.c)
[[nodiscard]] BPFLINK_API expected<socket_filter> attach(const socket_filter_options& options) noexcept;

/// Has a program choose which of the sockets that share a port gets a connection or datagram.
///
/// The program belongs to all those sockets: it stays while one of them is open, and any of them can bring another or
/// take it away. Mechanism: a socket option. No capability is needed.
///
/// @errors bad_handle: the socket's or program's descriptor is empty or closed. wrong_type: it is no socket (cause
///         not_a_socket), or the program is of another type. invalid_argument: the socket has no SO_REUSEPORT, or was
///         bound without it (cause not_a_socket). permission_denied: the socket's filter is locked (SO_LOCK_FILTER;
///         cause locked). not_supported: an sk_reuseport program, and the socket is neither TCP nor UDP (cause
///         not_a_socket). system: out of memory, or of what net.core.optmem_max gives to one socket.
/// @since Linux 4.5 (socket_filter programs), 4.19 (sk_reuseport programs); detaching since 5.3
/// @kernel SO_ATTACH_REUSEPORT_EBPF (net/core/filter.c, net/core/sock_reuseport.c)
[[nodiscard]] BPFLINK_API expected<reuseport_selection> attach(const reuseport_options& options) noexcept;

}  // namespace bpflink
