// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

#include "raw_bpf.hpp"

namespace bpflink::test {

/// A program that counts its runs in a map of its own, so that they can be told on every kernel.
struct counted_program {
  fd counter;
  fd program;

  [[nodiscard]] int get() const { return program.get(); }
  [[nodiscard]] std::uint64_t runs() const { return test::counter(counter.get()); }
};

/// Loads count_and_return(value); the request's code is not used.
counted_program load_counted(std::uint32_t type, std::uint32_t expected_attach_type, std::int32_t value,
                             const std::string& name = "bpflink_test");

/// How often the program ran while f did: by its run_cnt from 5.8 on, before by its first map, which is a counted
/// program's counter.
std::uint64_t ran(int program_fd, const std::function<void()>& f);

}  // namespace bpflink::test
