// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "bpflink/detail/attachment.hpp"
#include "bpflink/map.hpp"
#include "kernel/result.hpp"

namespace bpflink::hooks {

// Writes a struct_ops map's value: a map without BPF_F_LINK is registered by that.
[[nodiscard]] kernel::result<void> fill_struct_ops(map_ref map, std::span<const std::byte> value) noexcept;
// Registers such a map by its value; the attachment holds a descriptor of the map, and unregisters it.
[[nodiscard]] kernel::result<detail::attachment> register_struct_ops(map_ref map,
                                                                     std::span<const std::byte> value) noexcept;

}  // namespace bpflink::hooks
