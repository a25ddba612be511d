// SPDX-License-Identifier: MIT
#include "attach/struct_ops_map.hpp"

#include "attachment.hpp"
#include "explain/link.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::hooks {

namespace {

using detail::attachment;

constexpr kernel::u32 only_key = 0;

// `variant` is 1 while the map is registered by us.
kernel::result<void> let_go(attachment& held) noexcept {
  if (held.variant == 0) return {};
  const auto deleted =
      kernel::map_delete({.map_fd = kernel::descriptor(held.holder.get()), .key = kernel::pointer(&only_key)});
  if (deleted) held.variant = 0;
  return deleted;
}

expected<void> detach(attachment& held) noexcept {
  if (const auto gone = let_go(held); !gone) return tl::unexpected(explain::detach(held, gone.error()));
  return {};
}

constexpr detail::mechanism_operations operations{
    .name = [](const attachment&) noexcept { return mechanism::map_update; },
    .held_by_descriptor = false,
    .may_be_link = false,
    .let_go = let_go,
    .update = nullptr,
    .detach = detach,
};

}  // namespace

kernel::result<void> fill_struct_ops(map_ref map, std::span<const std::byte> value) noexcept {
  return kernel::map_update({.map_fd = kernel::descriptor(map.fd().get()),
                             .key = kernel::pointer(&only_key),
                             .value = kernel::pointer(value.data())});
}

kernel::result<attachment> register_struct_ops(map_ref map, std::span<const std::byte> value) noexcept {
  // The descriptor first: once it is registered nothing may fail any more.
  auto holder = kernel::duplicate(map.fd().get());
  if (!holder) return tl::unexpected(holder.error());
  if (const auto filled = fill_struct_ops(*holder, value); !filled) return tl::unexpected(filled.error());
  attachment held;
  held.operations = &operations;
  held.holder = *std::move(holder);
  held.variant = 1;
  return held;
}

}  // namespace bpflink::hooks
