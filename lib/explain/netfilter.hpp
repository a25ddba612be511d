// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "bpflink/info.hpp"
#include "bpflink/program.hpp"
#include "failure.hpp"
#include "kernel/result.hpp"

// Why a netfilter hook refused a program.
namespace bpflink::explain {

inline constexpr std::string_view no_such_family = "BPF programs see the packets of IPv4 and IPv6 only";
inline constexpr std::string_view no_such_hook = "netfilter has no such hook";
inline constexpr std::string_view before_defragmentation =
    "fragments are put together at priority -400: a program with this priority runs before";

struct netfilter_place {
  netfilter_family family;
  netfilter_hook hook;
  std::int32_t priority;
  bool defragment;
};

[[nodiscard]] diagnosis netfilter(const netfilter_place& place, program_ref program, kernel::failure failed) noexcept;

}  // namespace bpflink::explain
