// SPDX-License-Identifier: MIT
#pragma once

#include <bpflink/fd.hpp>
#include <bpflink/map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../shared/counter.hpp"

namespace example {

// A TCP congestion control of three BPF programs: it keeps the window as it is, and counts the acknowledgements that it
// is asked about. libbpf loads the programs and makes the map; nothing is registered with the kernel yet.
class control {
 public:
  // Nothing where the kernel, or these privileges, do not allow it; `why` says what failed then.
  static std::optional<control> make(const std::string& name, std::string& why);

  [[nodiscard]] bpflink::map_ref map() const { return map_; }
  // What the map is to be filled with: the kernel's struct bpf_struct_ops_tcp_congestion_ops.
  [[nodiscard]] std::span<const std::byte> value() const { return value_; }
  // Fills the map, where the caller does not leave that to attach(). Returns what is wrong, or nothing.
  [[nodiscard]] std::string fill() const;
  // How often the kernel asked it.
  [[nodiscard]] std::uint64_t runs() const { return counter_.value(); }

 private:
  control() = default;

  shared::counter counter_;
  bpflink::unique_fd map_;
  std::vector<bpflink::unique_fd> programs_;
  std::vector<std::byte> value_;
};

}  // namespace example
