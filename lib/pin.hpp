// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/zstring_view.hpp"
#include "failure.hpp"
#include "kernel/files.hpp"
#include "text.hpp"

// Pins of any object.
namespace bpflink::pins {

// What errors call the object, "cgroup link" or "program". Words only where there is an error.
struct object_name {
  std::string_view noun;
  link_type kind = link_type::unspecified;

  [[nodiscard]] text words() const noexcept {
    return kind == link_type::unspecified ? text{"{}", noun} : text{"{} {}", to_string(kind), noun};
  }
};
[[nodiscard]] constexpr object_name link_of(link_type kind) noexcept { return {"link", kind}; }

[[nodiscard]] bpf_error explain_pin(object_name what, zstring_view path, kernel::failure failed) noexcept;
[[nodiscard]] bpf_error explain_unpin(object_name what, zstring_view path, kernel::failure failed) noexcept;
[[nodiscard]] bpf_error explain_open(object_name what, zstring_view path, kernel::failure failed) noexcept;
[[nodiscard]] expected<void> move(fd_ref object, object_name what, zstring_view from, zstring_view to) noexcept;

// Opens a pin and checks that it is of the kind.
[[nodiscard]] expected<unique_fd> open(object_name what, zstring_view path, kernel::object_kind kind) noexcept;

// What is wrong with a descriptor that should be of the kind; nothing where it is right.
[[nodiscard]] std::optional<diagnosis> not_of_kind(fd_ref descriptor, kernel::object_kind kind) noexcept;

}  // namespace bpflink::pins
