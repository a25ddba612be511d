// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"

namespace bpflink {

/// Owns a file descriptor and closes it once, on destruction.
class [[nodiscard]] unique_fd {
 public:
  /// Owns nothing.
  constexpr unique_fd() noexcept = default;
  /// Takes ownership of an open descriptor: nobody else may close it from now on. A negative number owns nothing.
  [[nodiscard]] static unique_fd adopt(int raw) noexcept { return unique_fd{raw < 0 ? none : raw}; }

  /// Leaves `other` owning nothing.
  constexpr unique_fd(unique_fd&& other) noexcept : fd_{std::exchange(other.fd_, none)} {}
  /// Closes what was owned, and leaves `other` owning nothing.
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, none);
    }
    return *this;
  }
  unique_fd(const unique_fd&) = delete;
  unique_fd& operator=(const unique_fd&) = delete;
  ~unique_fd() { reset(); }

  /// Closes what is owned. Keeps errno.
  void reset() noexcept {
    if (fd_ != none) close_quietly(std::exchange(fd_, none));
  }
  /// Closes what is owned and reports the result; the descriptor is gone in every case.
  ///
  /// @errors bad_handle: nothing was owned, or somebody else closed the descriptor. system: the file's own error (EIO).
  [[nodiscard]] BPFLINK_API expected<void> close() noexcept;
  /// Gives the descriptor up: the caller closes it from now on. -1 where nothing was owned.
  [[nodiscard]] constexpr int release() noexcept { return std::exchange(fd_, none); }
  /// The number, to be used as long as this lives; -1 where nothing is owned.
  [[nodiscard]] constexpr int get() const& noexcept { return fd_; }
  int get() const&& = delete;
  /// Another descriptor of the same open file: close-on-exec, and never 0, 1 or 2.
  ///
  /// @errors bad_handle: nothing is owned. system: the process is out of descriptors (EMFILE).
  [[nodiscard]] BPFLINK_API expected<unique_fd> duplicate() const noexcept;

  /// Whether something is owned.
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return fd_ != none; }
  operator int() const = delete;

 private:
  constexpr explicit unique_fd(int raw) noexcept : fd_{raw} {}
  BPFLINK_API static void close_quietly(int raw) noexcept;

  static constexpr int none = -1;
  int fd_ = none;
};

/// Borrows a file descriptor for the length of a call: never closes it. Its owner must outlive it.
class fd_ref {
 public:
  /// Borrows nothing; a call that needs a descriptor answers bad_handle.
  constexpr fd_ref() noexcept = default;
  /// Borrows a number that somebody else owns.
  constexpr explicit fd_ref(int raw) noexcept : fd_{raw < 0 ? -1 : raw} {}
  /// Borrows from an owner.
  constexpr fd_ref(const unique_fd& owner) noexcept : fd_{owner.get()} {}
  fd_ref(unique_fd&&) = delete;
  fd_ref(const unique_fd&&) = delete;

  /// The number; -1 where nothing is borrowed.
  [[nodiscard]] constexpr int get() const noexcept { return fd_; }
  /// Whether something is borrowed.
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return fd_ >= 0; }
  operator int() const = delete;

 private:
  int fd_ = -1;
};

}  // namespace bpflink
