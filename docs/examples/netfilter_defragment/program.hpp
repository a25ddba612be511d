// SPDX-License-Identifier: MIT
#pragma once

#include <bpflink/bpflink.hpp>
#include <cstdint>

// A netfilter program that lets every packet pass, and counts packets and bytes.
class measuring_program {
 public:
  [[nodiscard]] static bpflink::expected<measuring_program> load();

  [[nodiscard]] bpflink::program_ref program() const { return program_; }
  [[nodiscard]] std::uint64_t packets() const { return counter(0); }
  [[nodiscard]] std::uint64_t bytes() const { return counter(1); }

 private:
  measuring_program(bpflink::unique_fd counters, bpflink::program program);
  [[nodiscard]] std::uint64_t counter(std::uint32_t which) const;

  bpflink::unique_fd counters_;
  bpflink::program program_;
};
