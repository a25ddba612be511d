// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/fd.hpp"

namespace bpflink {

/// Borrows a BPF map for the length of a call; its owner must outlive it. The kernel checks what it is.
class map_ref {
 public:
  /// Borrows a map's descriptor that somebody else owns.
  constexpr map_ref(fd_ref descriptor) noexcept : fd_{descriptor} {}
  /// Borrows a map's descriptor.
  constexpr map_ref(const unique_fd& descriptor) noexcept : fd_{descriptor} {}
  map_ref(unique_fd&&) = delete;
  map_ref(const unique_fd&&) = delete;

  /// The descriptor, borrowed.
  [[nodiscard]] constexpr fd_ref fd() const noexcept { return fd_; }

 private:
  fd_ref fd_;
};

}  // namespace bpflink
