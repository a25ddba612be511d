// SPDX-License-Identifier: MIT
#pragma once

#include <bpf/bpf.h>

#include <bpflink/fd.hpp>
#include <cstdint>

namespace shared {

// A number that programs count up: an array map with one element.
class counter {
 public:
  counter() : map_{bpflink::unique_fd::adopt(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "counter", 4, 8, 1, nullptr))} {}

  [[nodiscard]] int map() const { return map_.get(); }
  [[nodiscard]] std::uint64_t value() const {
    const std::uint32_t key = 0;
    std::uint64_t number = 0;
    ::bpf_map_lookup_elem(map_.get(), &key, &number);
    return number;
  }
  void clear() const {
    const std::uint32_t key = 0;
    const std::uint64_t zero = 0;
    ::bpf_map_update_elem(map_.get(), &key, &zero, BPF_ANY);
  }

 private:
  bpflink::unique_fd map_;
};

}  // namespace shared
