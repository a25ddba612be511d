// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bpflink/bounded_string.hpp"
#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {

class program_ref;

/// What the kernel says of a loaded program.
struct program_info {
  program_type type = program_type::unspecified;  ///< Its type.
  program_id id{0};                               ///< Its number on this machine.
  bounded_string<16> name;                        ///< The name given at load, up to 15 bytes; empty if none was.
  std::array<std::byte, 8> tag{};                 ///< A hash of its instructions.
  std::chrono::nanoseconds loaded_at{0};          ///< When it was loaded, since boot (CLOCK_BOOTTIME).
  std::uint32_t loaded_by_uid = 0;                ///< The user who loaded it.
  bool gpl_compatible = false;                    ///< Whether its licence is. False before Linux 4.18, which is silent.
  std::optional<btf_id> btf;                      ///< Its BTF, where it has one. Since Linux 5.0.
  std::optional<std::uint64_t> run_count;         ///< Runs while statistics were on. Since Linux 5.1.
  std::optional<std::chrono::nanoseconds> run_time;   ///< Time of those runs. Since Linux 5.1.
  std::optional<std::uint64_t> recursion_misses;      ///< Runs left out because it ran already. Since Linux 5.12.
  std::optional<std::uint32_t> attach_target_object;  ///< BTF object it attaches to; 0 if none. Since Linux 6.0.
  std::optional<std::uint32_t> attach_target_type;    ///< BTF type it attaches to; 0 if none. Since Linux 6.0.
};

struct program_options;

/// Owns a loaded program. Destroying it drops this process's reference: the kernel unloads the program when the last
/// descriptor, pin and attachment is gone.
class [[nodiscard]] program {
 public:
  /// Loads a program from instructions. `bpflink/load.hpp` has the options.
  ///
  /// @errors rejected: the verifier refused it, log() has its words. permission_denied: a capability (named) or
  ///         RLIMIT_MEMLOCK. not_supported: the type, or an option, is newer than this kernel. not_found: no such
  ///         attach target. invalid_argument: a name of more than 15 bytes or with other letters, no instructions, an
  ///         expected attach type that is missing or none of the type's. limit: too many instructions. bad_handle,
  ///         wrong_type: the descriptor of a target's program or BTF is empty, closed or of something else. system:
  ///         signals interrupted the verifier again and again.
  /// @since Linux 4.4
  /// @kernel BPF_PROG_LOAD (kernel/bpf/syscall.c)
  [[nodiscard]] BPFLINK_API static expected<program> load(const program_options& options) noexcept;

  /// Opens a program pinned in a BPF file system.
  ///
  /// @errors not_found: no such path. wrong_type: a link or map is pinned there, or it is no pin at all.
  ///         permission_denied: the file's mode.
  /// @since Linux 4.4
  /// @kernel BPF_OBJ_GET (kernel/bpf/inode.c)
  [[nodiscard]] BPFLINK_API static expected<program> open_pinned(zstring_view path) noexcept;

  /// Opens a program by its id.
  ///
  /// @errors not_found: no such id. permission_denied: needs CAP_SYS_ADMIN.
  /// @since Linux 4.13
  /// @kernel BPF_PROG_GET_FD_BY_ID (kernel/bpf/syscall.c)
  [[nodiscard]] BPFLINK_API static expected<program> from_id(program_id id) noexcept;

  /// Takes ownership of a program's descriptor. A descriptor that is none is closed.
  ///
  /// @errors bad_handle: nothing is owned, or it is closed. wrong_type: it is not a program.
  [[nodiscard]] BPFLINK_API static expected<program> adopt(unique_fd descriptor) noexcept;

  /// What the kernel says of it.
  ///
  /// @errors bad_handle: moved from, or somebody else closed the descriptor.
  /// @since Linux 4.13
  /// @kernel BPF_OBJ_GET_INFO_BY_FD (struct bpf_prog_info)
  [[nodiscard]] BPFLINK_API expected<program_info> info() const noexcept;

  /// Pins it at a path in a BPF file system, so that it outlives this process.
  ///
  /// @errors not_found: the directory is missing. already_exists: something is at the path. invalid_argument: the path
  ///         is not in a BPF file system, or its name has a dot. permission_denied: the directory's mode.
  /// @since Linux 4.4
  /// @kernel BPF_OBJ_PIN (kernel/bpf/inode.c)
  [[nodiscard]] BPFLINK_API expected<void> pin(zstring_view path) const noexcept;

  /// Another owner of the same program.
  ///
  /// @errors bad_handle: moved from. system: the process is out of descriptors.
  [[nodiscard]] BPFLINK_API expected<program> duplicate() const noexcept;

  /// Its descriptor, borrowed.
  [[nodiscard]] fd_ref fd() const& noexcept { return fd_; }
  fd_ref fd() const&& = delete;
  /// Gives the descriptor up.
  [[nodiscard]] unique_fd release() && noexcept { return std::move(fd_); }
  /// False only after a move.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

 private:
  explicit program(unique_fd descriptor) noexcept : fd_{std::move(descriptor)} {}
  unique_fd fd_;
};

/// Borrows a loaded program for the length of a call; its owner must outlive it.
class program_ref {
 public:
  /// Borrows from an owner.
  program_ref(const program& owner) noexcept : fd_{owner.fd()} {}
  /// Borrows a program's descriptor that somebody else owns. The kernel checks what it is.
  constexpr program_ref(fd_ref descriptor) noexcept : fd_{descriptor} {}
  /// Borrows a program's descriptor.
  constexpr program_ref(const unique_fd& descriptor) noexcept : fd_{descriptor} {}
  program_ref(program&&) = delete;
  program_ref(const program&&) = delete;
  program_ref(unique_fd&&) = delete;
  program_ref(const unique_fd&&) = delete;

  /// The descriptor, borrowed.
  [[nodiscard]] constexpr fd_ref fd() const noexcept { return fd_; }
  /// What the kernel says of it.
  ///
  /// @errors bad_handle: nothing is borrowed, or it is closed. wrong_type: it is no program.
  /// @since Linux 4.13
  [[nodiscard]] BPFLINK_API expected<program_info> info() const noexcept;

 private:
  fd_ref fd_;
};

}  // namespace bpflink
