// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "bpflink/link.hpp"
#include "kernel/result.hpp"

namespace bpflink::detail {

// What a mechanism does differently. A hook that attaches without a bpf_link brings a table of its own.
struct mechanism_operations {
  // Its name. May ask the kernel: nobody calls it on a success path.
  bpflink::mechanism (*name)(const attachment& held) noexcept;
  // Whether the holder's descriptor keeps the attachment up: then closing it detaches, and it can be given away.
  bool held_by_descriptor;
  // Whether the descriptor can be a bpf_link: then it can be pinned and asked for information.
  bool may_be_link;
  // Detaches before the descriptors are closed; null where closing them does it.
  kernel::result<void> (*let_go)(attachment& held) noexcept;
  // The error where that failed, made while the descriptors are open; null: what the errno alone says.
  bpf_error (*not_let_go)(const attachment& held, kernel::failure failed) noexcept = nullptr;
  // Null: not supported.
  expected<void> (*update)(attachment& held, program_ref next, const program_ref* expected_old) noexcept;
  // Null: not supported.
  expected<void> (*detach)(attachment& held) noexcept;
  // Null: not supported.
  expected<void> (*update_map)(attachment& held, map_ref next, const map_ref* expected_old) noexcept = nullptr;
};

// A bpf_link.
extern const mechanism_operations link_operations;

// The hooks' door into the handles.
struct link_access {
  [[nodiscard]] static link_handle make(attachment&& held) noexcept { return link_handle{std::move(held)}; }
  template <link_type Kind>
  [[nodiscard]] static typed_link<Kind> make(attachment&& held) noexcept {
    held.type = Kind;
    return typed_link<Kind>{link_handle{std::move(held)}};
  }
  // A handle that is no link's and wraps one of any kind.
  template <class Handle>
  [[nodiscard]] static Handle make_as(attachment&& held) noexcept {
    return Handle{make(std::move(held))};
  }
  [[nodiscard]] static const attachment& held_by(const link_handle& handle) noexcept { return handle.attachment_; }
  // An attachment that is a bpf_link and nothing else.
  template <link_type Kind>
  [[nodiscard]] static typed_link<Kind> make(unique_fd link) noexcept {
    return make<Kind>(link_attachment(std::move(link), Kind));
  }
  [[nodiscard]] static attachment link_attachment(unique_fd link, link_type type) noexcept {
    attachment held;
    held.operations = &link_operations;
    held.holder = std::move(link);
    held.type = type;
    return held;
  }
};

}  // namespace bpflink::detail
