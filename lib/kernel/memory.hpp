// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "kernel/result.hpp"

namespace bpflink::kernel {

// Pages of memory from the kernel, not from the heap: a file's content, or room for a long answer.
class memory {
 public:
  memory() noexcept = default;
  memory(memory&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}
  memory& operator=(memory&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  memory(const memory&) = delete;
  memory& operator=(const memory&) = delete;
  ~memory();

  // Zeroed; nothing where there is no more memory.
  [[nodiscard]] static std::optional<memory> of_size(std::size_t size) noexcept;
  // What a file of a known size holds: mapped where its file system can, else read. To be read only.
  [[nodiscard]] static result<memory> of_file(const char* path) noexcept;

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  explicit memory(std::span<std::byte> bytes) noexcept : bytes_{bytes} {}
  std::span<std::byte> bytes_;
};

}  // namespace bpflink::kernel
