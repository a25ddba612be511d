// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "bpflink/detail/attachment.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/info.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/link_traits.hpp"
#include "bpflink/map.hpp"
#include "bpflink/mechanism.hpp"
#include "bpflink/program.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

class iterator_reader;

/// Owns one attachment of any kind. Destroying it drops this process's reference: the kernel detaches when the last
/// descriptor and pin of a link is gone. Where the kernel had no link and the program was attached by an older
/// mechanism, destroying detaches exactly what was attached.
class [[nodiscard]] link_handle {
 public:
  /// Empty: every operation answers bad_handle.
  link_handle() noexcept = default;
  /// Leaves `other` empty.
  link_handle(link_handle&& other) noexcept = default;
  /// Drops what was held, and leaves `other` empty.
  BPFLINK_API link_handle& operator=(link_handle&& other) noexcept;
  link_handle(const link_handle&) = delete;
  link_handle& operator=(const link_handle&) = delete;
  ~link_handle() {
    if (!attachment_) return;
    detail::drop(attachment_);
    // They are closed: said here, where the compiler sees it, so that their destructors do not look again.
    static_cast<void>(attachment_.holder.release());
    static_cast<void>(attachment_.companion.release());
  }

  /// Opens a link pinned in a BPF file system, of any kind.
  ///
  /// @errors not_found: no such path. wrong_type: a program or map is pinned there, or it is no pin at all.
  ///         permission_denied: the file's mode. not_supported: Linux older than 5.7.
  /// @since Linux 5.7
  /// @kernel BPF_OBJ_GET (kernel/bpf/inode.c)
  [[nodiscard]] BPFLINK_API static expected<link_handle> open_pinned(zstring_view path) noexcept;
  /// Opens a link by its id.
  ///
  /// @errors not_found: no such id. permission_denied: needs CAP_SYS_ADMIN. not_supported: Linux older than 5.8.
  /// @since Linux 5.8
  /// @kernel BPF_LINK_GET_FD_BY_ID (kernel/bpf/syscall.c)
  [[nodiscard]] BPFLINK_API static expected<link_handle> from_id(link_id id) noexcept;
  /// Takes ownership of a link's descriptor. A descriptor that is none is closed.
  ///
  /// @errors bad_handle: nothing is owned, or it is closed. wrong_type: it is not a link.
  [[nodiscard]] BPFLINK_API static expected<link_handle> adopt(unique_fd descriptor) noexcept;

  /// Swaps the program; at every moment the old or the new one is attached.
  ///
  /// @errors bad_handle: this or the program's handle is empty, or the program's descriptor closed. not_supported: this
  ///         kind has no update (can_update() says so beforehand). wrong_type: the program's type or expected attach
  ///         type does not fit (at cgroups the kernel looks at the type alone). already_exists: the program is at the
  ///         hook already (tcx, netkit, and cgroups without a link). defunct: the target is gone, or the link or
  ///         program was detached. By an older mechanism also conflict: another program has taken the place of ours;
  ///         permission_denied: a capability (named) to ask for that or to enter the network namespace.
  /// @since Linux 5.7
  /// @kernel BPF_LINK_UPDATE (kernel/bpf/syscall.c)
  [[nodiscard]] BPFLINK_API expected<void> update(program_ref next) noexcept;
  /// Swaps the program if the expected one is attached now.
  ///
  /// @errors As update(next), and conflict: another program is attached. not_supported: a socket's program, which the
  ///         kernel does not tell.
  [[nodiscard]] BPFLINK_API expected<void> update(program_ref next, program_ref expected_old) noexcept;
  /// Swaps the map of a struct_ops link; at every moment the old or the new one is registered. The map that it has
  /// already is no error, and the kernel is not asked to: Linux 6.4 and later lose other congestion controls by it. To
  /// know, this takes two system calls more.
  ///
  /// @errors bad_handle: this or the map's handle is empty, or the map's descriptor closed. not_supported: this kind
  ///         has no map (can_update_map() says so beforehand), or the kernel cannot swap such tables. invalid_argument:
  ///         the map is not filled, was made without BPF_F_LINK, or registers another name. wrong_type: it is no
  ///         struct_ops map, or one of another table. defunct: the link was detached.
  /// @since Linux 6.4
  /// @kernel BPF_LINK_UPDATE (kernel/bpf/bpf_struct_ops.c)
  [[nodiscard]] BPFLINK_API expected<void> update(map_ref next) noexcept;
  /// Swaps the map if the expected one is registered now.
  ///
  /// @errors As update(next), and conflict: another map is registered.
  [[nodiscard]] BPFLINK_API expected<void> update(map_ref next, map_ref expected_old) noexcept;
  /// Pins it at a path in a BPF file system, so that it outlives this process.
  ///
  /// @errors not_found: the directory is missing. already_exists: something is at the path. invalid_argument: the path
  ///         is not in a BPF file system, or its name is empty or has a dot. permission_denied: the directory's mode.
  ///         not_supported: it is no bpf_link (can_pin() says so beforehand). bad_handle: empty.
  /// @since Linux 5.7
  /// @kernel BPF_OBJ_PIN (kernel/bpf/inode.c)
  [[nodiscard]] BPFLINK_API expected<void> pin(zstring_view path) const noexcept;
  /// Moves a pin of this link to another path of the same file system without a moment unpinned; where the old path is
  /// gone, pins anew. What stands at the old path is not looked at.
  ///
  /// @errors As pin(); invalid_argument also where the paths are in different file systems.
  /// @since Linux 5.7
  /// @kernel renameat2(2) with RENAME_NOREPLACE
  [[nodiscard]] BPFLINK_API expected<void> move_pin(zstring_view from, zstring_view to) const noexcept;
  /// Removes a pin: what stands at the path, which is not looked at (as unlink(2) does). The attachment goes on as long
  /// as this handle, or another holder, does.
  ///
  /// @errors not_found: nothing is at the path. permission_denied: the directory's mode. wrong_type: it is a directory.
  ///         not_supported: it is no bpf_link. bad_handle: empty.
  /// @since Linux 5.7
  /// @kernel unlink(2)
  [[nodiscard]] BPFLINK_API expected<void> unpin(zstring_view path) const noexcept;
  /// Makes the kernel let go at once, whoever else holds the link. The handle stays, and a link stays visible, defunct.
  /// Detaching twice is no error.
  ///
  /// @errors bad_handle: empty. not_supported: this kind cannot be detached (can_detach() says so beforehand), or Linux
  ///         older than 5.9. By an older mechanism as close().
  /// @since Linux 5.9; by older mechanisms as long as these
  /// @kernel BPF_LINK_DETACH (kernel/bpf/syscall.c)
  [[nodiscard]] BPFLINK_API expected<void> detach() noexcept;
  /// Drops the attachment as the destructor does, to the end even where a step fails, and reports the first failure.
  /// The handle is empty afterwards.
  ///
  /// @errors bad_handle: empty, or somebody else closed the descriptor. By an older mechanism also not_found: somebody
  ///         else had detached or replaced the program already; permission_denied: a capability (named).
  [[nodiscard]] BPFLINK_API expected<void> close() noexcept;
  /// What the kernel says of it. Allocates for kinds with paths or lists (perf events, multi links) and no other.
  ///
  /// @errors bad_handle: empty. not_supported: Linux older than 5.8, or no bpf_link.
  /// @since Linux 5.8
  /// @kernel BPF_OBJ_GET_INFO_BY_FD (struct bpf_link_info)
  [[nodiscard]] BPFLINK_API expected<link_info> info() const noexcept;

  /// The descriptor that holds the attachment, borrowed; nothing where none does (program_*, netlink).
  [[nodiscard]] BPFLINK_API fd_ref fd() const& noexcept;
  fd_ref fd() const&& = delete;
  /// Gives the descriptor that holds the attachment up, without detaching. Where none holds it (program_*, netlink) the
  /// program stays attached, nobody owns the attachment from now on, and nothing is returned.
  [[nodiscard]] BPFLINK_API unique_fd release() && noexcept;

  /// The kind; unspecified for a raw link of a kind that this library does not know, and for what no kernel has a link
  /// for (a socket's program).
  [[nodiscard]] link_type type() const noexcept { return attachment_.type; }
  /// How the attachment is held.
  [[nodiscard]] BPFLINK_API bpflink::mechanism mechanism() const noexcept;
  /// Whether update() to another program can work.
  [[nodiscard]] BPFLINK_API bool can_update() const noexcept;
  /// Whether update() to another map can work.
  [[nodiscard]] BPFLINK_API bool can_update_map() const noexcept;
  /// Whether detach() can work.
  [[nodiscard]] BPFLINK_API bool can_detach() const noexcept;
  /// Whether pin() and info() can work: it is a bpf_link.
  [[nodiscard]] BPFLINK_API bool can_pin() const noexcept;
  /// Whether something is held: false after a move, close() or release().
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(attachment_); }

 private:
  friend struct detail::link_access;
  explicit link_handle(detail::attachment&& held) noexcept : attachment_{std::move(held)} {}
  detail::attachment attachment_;
};

/// Owns one attachment of a kind known at compile time, and offers what that kind can do. Destroying it drops this
/// process's reference; see link_handle, which it moves into.
template <link_type Kind>
class [[nodiscard]] typed_link {
 public:
  /// The kind.
  static constexpr link_type kind = Kind;
  /// What the kind can do.
  static constexpr link_capabilities capabilities = capabilities_of(Kind);

  /// Opens a pinned link of this kind.
  ///
  /// @errors As link_handle::open_pinned(), and wrong_type: a link of another kind is pinned there.
  [[nodiscard]] static expected<typed_link> open_pinned(zstring_view path) noexcept {
    return typed(detail::open_pinned(path, Kind));
  }
  /// Opens a link of this kind by id.
  ///
  /// @errors As link_handle::from_id(), and wrong_type: the link is of another kind.
  [[nodiscard]] static expected<typed_link> from_id(link_id id) noexcept { return typed(detail::from_id(id, Kind)); }
  /// Takes ownership of the descriptor of a link of this kind. Any other is closed.
  ///
  /// @errors As link_handle::adopt(), and wrong_type: the link is of another kind.
  [[nodiscard]] static expected<typed_link> adopt(unique_fd descriptor) noexcept {
    return typed(detail::adopt(std::move(descriptor), Kind));
  }

  /// See link_handle::update().
  [[nodiscard]] expected<void> update(program_ref next) noexcept requires(capabilities.update) {
    return handle_.update(next);
  }
  /// See link_handle::update().
  [[nodiscard]] expected<void> update(program_ref next, program_ref expected_old) noexcept
      requires(capabilities.update) {
    return handle_.update(next, expected_old);
  }
  /// See link_handle::update().
  [[nodiscard]] expected<void> update(map_ref next) noexcept requires(capabilities.update_map) {
    return handle_.update(next);
  }
  /// See link_handle::update().
  [[nodiscard]] expected<void> update(map_ref next, map_ref expected_old) noexcept requires(capabilities.update_map) {
    return handle_.update(next, expected_old);
  }
  /// Whether somebody detached it. `bpflink/attach/struct_ops.hpp` has what it takes.
  ///
  /// @errors bad_handle: moved from. not_supported: it is no bpf_link.
  /// @kernel poll(2); before Linux 6.11 BPF_OBJ_GET_INFO_BY_FD
  [[nodiscard]] expected<bool> detached() const noexcept requires(capabilities_of(Kind).poll);
  /// Waits until somebody detaches it, or for this long; says whether it is detached. A negative time is no limit.
  ///
  /// @errors bad_handle: moved from. not_supported: it is no bpf_link, or Linux older than 6.11.
  /// @since Linux 6.11
  /// @kernel poll(2), which gives POLLHUP
  [[nodiscard]] expected<bool> wait_detached(std::chrono::milliseconds at_most) const noexcept
      requires(capabilities_of(Kind).poll);
  /// See link_handle::detach().
  [[nodiscard]] expected<void> detach() noexcept requires(capabilities.detach) { return handle_.detach(); }
  /// A new run over the iterator's objects; reading it runs the program. `bpflink/attach/iterator.hpp` has the reader.
  ///
  /// @errors bad_handle: moved from, or somebody else closed the descriptor. system: out of memory, out of descriptors.
  /// @since Linux 5.8
  /// @kernel BPF_ITER_CREATE (kernel/bpf/bpf_iter.c)
  [[nodiscard]] expected<iterator_reader> open() const noexcept requires(capabilities_of(Kind).iterate);
  /// See link_handle::pin().
  [[nodiscard]] expected<void> pin(zstring_view path) const noexcept { return handle_.pin(path); }
  /// See link_handle::move_pin().
  [[nodiscard]] expected<void> move_pin(zstring_view from, zstring_view to) const noexcept {
    return handle_.move_pin(from, to);
  }
  /// See link_handle::unpin().
  [[nodiscard]] expected<void> unpin(zstring_view path) const noexcept { return handle_.unpin(path); }
  /// See link_handle::close().
  [[nodiscard]] expected<void> close() noexcept { return handle_.close(); }
  /// See link_handle::info().
  [[nodiscard]] expected<link_info> info() const noexcept { return handle_.info(); }
  /// See link_handle::fd().
  [[nodiscard]] fd_ref fd() const& noexcept { return handle_.fd(); }
  fd_ref fd() const&& = delete;
  /// See link_handle::release().
  [[nodiscard]] unique_fd release() && noexcept { return std::move(handle_).release(); }
  /// How the attachment is held.
  [[nodiscard]] bpflink::mechanism mechanism() const noexcept { return handle_.mechanism(); }
  /// Whether pin() and info() can work: it is a bpf_link.
  [[nodiscard]] bool can_pin() const noexcept { return handle_.can_pin(); }
  /// False after a move, close() or release().
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

  /// The same attachment in a handle of any kind.
  [[nodiscard]] operator link_handle() && noexcept { return std::move(handle_); }

 private:
  friend struct detail::link_access;
  explicit typed_link(link_handle&& handle) noexcept : handle_{std::move(handle)} {}
  [[nodiscard]] static expected<typed_link> typed(expected<link_handle>&& handle) noexcept {
    if (!handle) return tl::unexpected(std::move(handle).error());
    return typed_link{*std::move(handle)};
  }

  link_handle handle_;
};

static_assert(sizeof(expected<link_handle>) <= 64);

}  // namespace bpflink
