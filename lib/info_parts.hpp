// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "bpflink/fd.hpp"
#include "bpflink/info.hpp"
#include "kernel/abi_info.hpp"
#include "kernel/result.hpp"

// Kinds whose information takes more than reading fields.
namespace bpflink::info_parts {

// Perf events: the file, function or tracepoint name goes into `name`; `untold` marks fields that an older kernel
// leaves.
void ask_perf_event(kernel::link_info_raw& raw, std::span<char> name, kernel::u64 untold) noexcept;
[[nodiscard]] perf_event_info perf_event(const kernel::link_info_raw& raw, std::span<const char> name,
                                         kernel::u64 untold) noexcept;

// Uprobe multi links: asks for the count, then for the arrays.
[[nodiscard]] kernel::result<link_info> uprobe_multi(fd_ref link) noexcept;

}  // namespace bpflink::info_parts
