// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

#include "bpflink/detail/export.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/zstring_view.hpp"

namespace bpflink {
class link_handle;
}

namespace bpflink::detail {

struct mechanism_operations;
struct link_access;

// What a handle holds: the descriptors, and what the mechanism needs to find its attachment again.
struct attachment {
  const mechanism_operations* operations = nullptr;  // null: nothing is held
  unique_fd holder;                                  // the link, the perf event, or the target that was attached to
  unique_fd companion;                               // closed after the holder: the link's perf event, or the program
  std::uint32_t place = 0;                           // the hook: an attach type or an interface
  std::uint32_t variant = 0;                         // how it was attached
  std::uint32_t rank = 0;                            // where in an order, for what has one
  link_type type = link_type::unspecified;

  attachment() noexcept = default;
  attachment(attachment&& other) noexcept
      : operations{std::exchange(other.operations, nullptr)},
        holder{std::move(other.holder)},
        companion{std::move(other.companion)},
        place{other.place},
        variant{other.variant},
        rank{other.rank},
        type{other.type} {}
  // What was held before must have been dropped.
  attachment& operator=(attachment&& other) noexcept {
    operations = std::exchange(other.operations, nullptr);
    holder = std::move(other.holder);
    companion = std::move(other.companion);
    place = other.place;
    variant = other.variant;
    rank = other.rank;
    type = other.type;
    return *this;
  }
  attachment(const attachment&) = delete;
  attachment& operator=(const attachment&) = delete;
  ~attachment() = default;

  explicit operator bool() const noexcept { return operations != nullptr; }
};

// Detaches and closes, to the end; nobody hears of a failure.
BPFLINK_API void drop(attachment& held) noexcept;

// Open, and check that it is a link of the kind.
[[nodiscard]] BPFLINK_API expected<link_handle> open_pinned(zstring_view path, link_type kind) noexcept;
[[nodiscard]] BPFLINK_API expected<link_handle> from_id(link_id id, link_type kind) noexcept;
[[nodiscard]] BPFLINK_API expected<link_handle> adopt(unique_fd descriptor, link_type kind) noexcept;

}  // namespace bpflink::detail
